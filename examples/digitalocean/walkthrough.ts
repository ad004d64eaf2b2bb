/** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
export function walkthrough (api: string, session: string): string {
  return String.raw`# 1. As the administrator, create tokens, each with the scopes that are named.
new_token () {
  curl -s ${api}/v2/api-keys -H "Authorization: Bearer ${session}" -H "Content-Type: application/json" \
    -d "{ \"name\": \"walkthrough\", \"scopes\": [\"$(echo "$*" | sed 's/ /","/g')\"] }" | sed 's/.*"key":"\([^"]*\)".*/\1/'
}
DROPLETS="droplet:read image:read regions:read sizes:read actions:read"
READ_ONLY=$(new_token api:read)
FULL_ACCESS=$(new_token api:write)
CREATE=$(new_token droplet:create $DROPLETS)
TAG=$(new_token droplet:create $DROPLETS tag:create tag:read)
UPDATE=$(new_token droplet:update $DROPLETS)
FUNCTIONS=$(new_token functions:admin)
DATABASES=$(new_token database:read)
PASSWORDS=$(new_token database:view_credentials database:read regions:read sizes:read actions:read)

# 2. api:read is all read scopes: 200, and 403 for anything else. api:write is all scopes: 200 and 201.
curl -sw ' -> %{http_code}\n' ${api}/v2/volumes -H "Authorization: Bearer $READ_ONLY"
curl -sw ' -> %{http_code}\n' -X DELETE ${api}/v2/volumes/logs -H "Authorization: Bearer $READ_ONLY"
curl -sw ' -> %{http_code}\n' ${api}/v2/volumes -H "Authorization: Bearer $FULL_ACCESS"
curl -sw ' -> %{http_code}\n' ${api}/v2/account/keys -H "Authorization: Bearer $FULL_ACCESS" \
  -H "Content-Type: application/json" -d '{ "name": "CI", "public_key": "ssh-ed25519 AAAA" }'

# 3. Whoever adds droplet:create must also add what it requires: 400, and the answer says what is missing.
curl -sw ' -> %{http_code}\n' ${api}/v2/api-keys -H "Authorization: Bearer ${session}" \
  -H "Content-Type: application/json" -d '{ "name": "too little", "scopes": ["droplet:create"] }'

# 4. droplet:create creates a Droplet, 202. To tag it, tag:create is needed too: 403, then 202.
droplet () {
  echo "{ \"name\": \"api\", \"region\": \"nyc3\", \"size\": \"small\", \"image\": \"ubuntu\" $1 }"
}
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets -H "Authorization: Bearer $CREATE" \
  -H "Content-Type: application/json" -d "$(droplet)"
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets -H "Authorization: Bearer $CREATE" \
  -H "Content-Type: application/json" -d "$(droplet ', "tags": ["blue"]')"
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets -H "Authorization: Bearer $TAG" \
  -H "Content-Type: application/json" -d "$(droplet ', "tags": ["blue"]')"

# 5. droplet:update turns it off, 201. To rebuild it, droplet:admin is needed too, and to resize it, droplet:create: 403.
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets/web/actions -H "Authorization: Bearer $UPDATE" \
  -H "Content-Type: application/json" -d '{ "type": "power_off" }'
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets/web/actions -H "Authorization: Bearer $UPDATE" \
  -H "Content-Type: application/json" -d '{ "type": "rebuild", "image": "ubuntu" }'
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets/web/actions -H "Authorization: Bearer $UPDATE" \
  -H "Content-Type: application/json" -d '{ "type": "resize", "size": "large" }'

# 6. functions:admin is function:admin, and full access to functions: 200. Without it, one spelling is named: 403.
curl -sw ' -> %{http_code}\n' ${api}/v2/functions/namespaces -H "Authorization: Bearer $FUNCTIONS"
curl -sw ' -> %{http_code}\n' -X POST ${api}/v2/functions/namespaces/fn-shop/keys -H "Authorization: Bearer $READ_ONLY"

# 7. The password of a database user is in the answer, or it is not: 200 and 200.
curl -sw ' -> %{http_code}\n' ${api}/v2/databases/orders/users/shop -H "Authorization: Bearer $DATABASES"
curl -sw ' -> %{http_code}\n' ${api}/v2/databases/orders/users/shop -H "Authorization: Bearer $PASSWORDS"

# 8. No token makes tokens: 403 for full access, and without any token 401.
curl -sw ' -> %{http_code}\n' ${api}/v2/api-keys -H "Authorization: Bearer $FULL_ACCESS"
curl -sw ' -> %{http_code}\n' ${api}/v2/droplets
`
}
