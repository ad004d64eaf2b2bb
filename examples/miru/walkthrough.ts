/** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
export function walkthrough (api: string, session: string): string {
  return String.raw`# 1. As the administrator, create keys, each with the scopes that are named.
new_key () {
  curl -s ${api}/api-keys -H "Authorization: Bearer ${session}" -H "Content-Type: application/json" \
    -d "{ \"name\": \"$*\", \"scopes\": [\"$(echo "$*" | sed 's/ /","/g')\"] }" | sed 's/.*"key":"\([^"]*\)".*/\1/'
}
READ=$(new_key devices:read)
WRITE=$(new_key devices:write)
PROVISION=$(new_key devices:provision)
MANAGE=$(new_key devices:manage)
CREATE=$(new_key deployments:write)
STAGE=$(new_key deployments:write deployments:stage)

# 2. X-API-Key carries a key, and so does Authorization: 200 and 200. Both at once is 400.
curl -sw ' -> %{http_code}\n' ${api}/devices/dvc_arm -H "X-API-Key: $READ"
curl -sw ' -> %{http_code}\n' ${api}/devices/dvc_arm -H "Authorization: Bearer $READ"
curl -sw ' -> %{http_code}\n' ${api}/devices/dvc_arm -H "X-API-Key: $READ" -H "Authorization: Bearer $READ"

# 3. write does not include read: it updates the device, 200, but cannot get it, 403.
curl -sw ' -> %{http_code}\n' -X PATCH ${api}/devices/dvc_arm -H "X-API-Key: $WRITE" \
  -H "Content-Type: application/json" -d '{ "name": "Left arm" }'
curl -sw ' -> %{http_code}\n' ${api}/devices/dvc_arm -H "X-API-Key: $WRITE"

# 4. devices:read or devices:provision lists devices: 200 and 200. devices:write does not: 403.
curl -sw ' -> %{http_code}\n' ${api}/devices -H "X-API-Key: $READ"
curl -sw ' -> %{http_code}\n' ${api}/devices -H "X-API-Key: $PROVISION"
curl -sw ' -> %{http_code}\n' ${api}/devices -H "X-API-Key: $WRITE"

# 5. manage is everything for devices, 200 and 200, and nothing else: 403.
curl -sw ' -> %{http_code}\n' ${api}/devices/dvc_arm -H "X-API-Key: $MANAGE"
curl -sw ' -> %{http_code}\n' -X POST ${api}/devices/dvc_arm/reactivate -H "X-API-Key: $MANAGE"
curl -sw ' -> %{http_code}\n' ${api}/deployments -H "X-API-Key: $MANAGE"

# 6. deployments:write creates a deployment: 200. To stage it, deployments:stage is needed too: 403, then 200.
#    To deploy it, deployments:deploy: 403.
deployment () {
  echo "{ \"description\": \"Faster\", \"device_id\": \"dvc_arm\", \"release_id\": \"rls_1\", \"config_instance_ids\": [\"cfg_inst_slow\"] $1 }"
}
curl -sw ' -> %{http_code}\n' ${api}/deployments -H "X-API-Key: $CREATE" -H "Content-Type: application/json" \
  -d "$(deployment)"
curl -sw ' -> %{http_code}\n' ${api}/deployments -H "X-API-Key: $CREATE" -H "Content-Type: application/json" \
  -d "$(deployment ', "target_status": "staged"')"
curl -sw ' -> %{http_code}\n' ${api}/deployments -H "X-API-Key: $STAGE" -H "Content-Type: application/json" \
  -d "$(deployment ', "target_status": "staged"')"
curl -sw ' -> %{http_code}\n' ${api}/deployments -H "X-API-Key: $STAGE" -H "Content-Type: application/json" \
  -d "$(deployment ', "target_status": "deployed"')"

# 7. /principal needs a key and no scope: 200. Without a key: 401.
curl -sw ' -> %{http_code}\n' ${api}/principal -H "X-API-Key: $WRITE"
curl -sw ' -> %{http_code}\n' ${api}/principal
`
}
