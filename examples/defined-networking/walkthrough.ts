/** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
export function walkthrough (url: string, session: string): string {
  return String.raw`# 1. The administrator, as in the admin panel, creates a key for "a monitoring script that only reads audit logs".
SESSION=${session}
MONITOR=$(curl -s ${url}/api-keys -H "Authorization: Bearer $SESSION" -H "Content-Type: application/json" \
  -d '{ "name": "monitoring", "scopes": ["audit-logs:list"] }' | sed 's/.*"key":"\([^"]*\)".*/\1/')

# 2. It lists audit logs and nothing else: 200, and 403 with the scope that is missing.
curl -sw ' -> %{http_code}\n' ${url}/v1/audit-logs -H "Authorization: Bearer $MONITOR"
curl -sw ' -> %{http_code}\n' ${url}/v1/hosts -H "Authorization: Bearer $MONITOR"

# 3. A key that may create hosts, and nothing else: 200.
CREATED=$(curl -s ${url}/api-keys -H "Authorization: Bearer $SESSION" -H "Content-Type: application/json" \
  -d '{ "name": "provisioning", "scopes": ["hosts:create"] }')
KEY=$(echo "$CREATED" | sed 's/.*"key":"\([^"]*\)".*/\1/')
KEY_ID=$(echo "$CREATED" | sed 's/.*"id":"\([^"]*\)".*/\1/')
curl -sw ' -> %{http_code}\n' ${url}/v1/hosts -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" -d '{ "name": "db", "networkID": "network-main" }'

# 4. It may not even look at what it has created: 403.
curl -sw ' -> %{http_code}\n' ${url}/v1/hosts -H "Authorization: Bearer $KEY"

# 5. "Create host & enrollment code - requires both hosts:create and hosts:enroll": 403, hosts:enroll is missing.
curl -sw ' -> %{http_code}\n' ${url}/v1/host-and-enrollment-code -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" -d '{ "name": "cache", "networkID": "network-main" }'

# 6. The key gets the second scope as well, 200, and works at once: 200.
curl -sw ' -> %{http_code}\n' -X PATCH ${url}/api-keys/$KEY_ID -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" -d '{ "scopes": ["hosts:create", "hosts:enroll"] }'
curl -sw ' -> %{http_code}\n' ${url}/v1/host-and-enrollment-code -H "Authorization: Bearer $KEY" \
  -H "Content-Type: application/json" -d '{ "name": "cache", "networkID": "network-main" }'

# 7. The monitoring script sees what has happened, 200. Delete the other key, 204, and it is worth nothing: 401.
curl -sw ' -> %{http_code}\n' ${url}/v1/audit-logs -H "Authorization: Bearer $MONITOR"
curl -sw ' -> %{http_code}\n' -X DELETE ${url}/api-keys/$KEY_ID -H "Authorization: Bearer $SESSION"
curl -sw ' -> %{http_code}\n' ${url}/v1/hosts -H "Authorization: Bearer $KEY"
`
}
