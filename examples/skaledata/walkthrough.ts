/** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
export function walkthrough (api: string, issuer: string): string {
  return String.raw`# 1. Sign in. This stands in for Clerk, and asks for no password.
SESSION=$(curl -s ${issuer}/sign-in -H "Content-Type: application/json" \
  -d '{ "user": "alice" }' | sed 's/.*"token":"\([^"]*\)".*/\1/')

# 2. Create the key of the page: it can deploy images and read cluster info.
CREATED=$(curl -s -X POST ${api}/api-keys \
  -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "ci-deploy",
    "scopes": ["apps:deploy", "clusters:read"]
  }')
KEY=$(echo "$CREATED" | sed 's/.*"key":"\([^"]*\)".*/\1/')
KEY_ID=$(echo "$CREATED" | sed 's/.*"id":"\([^"]*\)".*/\1/')

# 3. It reads clusters and deploys: 200 and 202.
curl -sw ' -> %{http_code}\n' ${api}/clusters -H "Authorization: Bearer $KEY"
curl -sw ' -> %{http_code}\n' ${api}/apps/airflow/deploy -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" -d '{ "image": "registry.example.com/airflow:3" }'

# 4. It cannot create or destroy clusters: 403, and the message names the scope.
curl -sw ' -> %{http_code}\n' ${api}/clusters -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" -d '{ "id": "mine", "cloudId": "aws-main", "version": "1.32" }'
curl -sw ' -> %{http_code}\n' -X DELETE ${api}/clusters/staging -H "Authorization: Bearer $KEY"

# 5. A key made without scopes is a full key, which calls any endpoint that accepts keys: 200.
FULL=$(curl -s -X POST ${api}/api-keys -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" -d '{ "name": "everything" }' | sed 's/.*"key":"\([^"]*\)".*/\1/')
curl -sw ' -> %{http_code}\n' ${api}/clusters/staging/upgrade -H "Authorization: Bearer $FULL" \
  -H "Content-Type: application/json" -d '{ "version": "1.33" }'

# 6. But billing is for users: 403 for the full key, 200 for the session.
curl -sw ' -> %{http_code}\n' ${api}/billing/plan -H "Authorization: Bearer $FULL" \
  -H "Content-Type: application/json" -d '{ "plan": "enterprise" }'
curl -sw ' -> %{http_code}\n' ${api}/billing/plan -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" -d '{ "plan": "enterprise" }'

# 7. A key may ask what it is, and what it may do: 200.
curl -sw ' -> %{http_code}\n' ${api}/api-keys/current -H "Authorization: Bearer $KEY"

# 8. Alice asks what it was used for: both its scopes were needed.
curl -sw ' -> %{http_code}\n' ${api}/api-keys/$KEY_ID/usage -H "Authorization: Bearer $SESSION"

# 9. She replaces it by a new one. The old one works for a day more: 200 for both.
ROTATED=$(curl -s ${api}/api-keys/$KEY_ID/rotate -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" -d '{ "gracePeriod": "P1D" }')
NEW_KEY=$(echo "$ROTATED" | sed 's/.*"key":"\([^"]*\)".*/\1/')
curl -sw ' -> %{http_code}\n' ${api}/clusters -H "Authorization: Bearer $NEW_KEY"
curl -sw ' -> %{http_code}\n' ${api}/clusters -H "Authorization: Bearer $KEY"

# 10. She has heard that the old one leaked, and revokes it: 204, and from now on 401.
curl -sw ' -> %{http_code}\n' -X DELETE "${api}/api-keys/$KEY_ID?reason=leaked" -H "Authorization: Bearer $SESSION"
curl -sw ' -> %{http_code}\n' ${api}/clusters -H "Authorization: Bearer $KEY"

# 11. The new one still works: 200. And the list tells what was revoked, and why.
curl -sw ' -> %{http_code}\n' ${api}/clusters/production -H "Authorization: Bearer $NEW_KEY"
curl -sw ' -> %{http_code}\n' "${api}/api-keys?state=revoked&limit=1" -H "Authorization: Bearer $SESSION"
`
}
