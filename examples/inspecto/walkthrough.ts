/** Commands for a shell, to be pasted in this order. Each prints the answer and, after an arrow, its status. */
export function walkthrough (url: string, session: string): string {
  return String.raw`# 1. The administrator creates a key for a dashboard: "specify which scopes you need".
SESSION=${session}
CREATED=$(curl -s ${url}/api-keys -H "Authorization: Bearer $SESSION" -H "Content-Type: application/json" \
  -d '{ "name": "dashboard", "scopes": ["vehicles:read", "inspections:read"] }')
KEY=$(echo "$CREATED" | sed 's/.*"key":"\([^"]*\)".*/\1/')
KEY_ID=$(echo "$CREATED" | sed 's/.*"id":"\([^"]*\)".*/\1/')

# 2. It reads: 200 and 200.
curl -sw ' -> %{http_code}\n' ${url}/vehicles -H "Authorization: Bearer $KEY"
curl -sw ' -> %{http_code}\n' ${url}/inspection-templates -H "Authorization: Bearer $KEY"

# 3. It cannot submit an inspection: 403, which tells what is required and what the key has.
curl -sw ' -> %{http_code}\n' ${url}/inspections -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \
  -d '{ "templateId": "pre-trip", "vehicleIds": ["truck"], "responses": [{ "templateItemId": "lights", "responseText": "Good" }] }'

# 4. "Scopes are set during API key creation and cannot be changed": 400.
curl -sw ' -> %{http_code}\n' -X PATCH ${url}/api-keys/$KEY_ID -H "Authorization: Bearer $SESSION" \
  -H "Content-Type: application/json" -d '{ "scopes": ["inspections:write"] }'

# 5. "Create a new key to modify scopes", for the device that submits inspections: 201.
DEVICE=$(curl -s ${url}/api-keys -H "Authorization: Bearer $SESSION" -H "Content-Type: application/json" \
  -d '{ "name": "device", "scopes": ["inspections:write"] }' | sed 's/.*"key":"\([^"]*\)".*/\1/')
curl -sw ' -> %{http_code}\n' ${url}/inspections -H "Authorization: Bearer $DEVICE" -H "Content-Type: application/json" \
  -d '{ "templateId": "pre-trip", "vehicleIds": ["truck"], "responses": [{ "templateItemId": "lights", "responseText": "Good" }] }'

# 6. A scope that is only planned cannot be had yet: 400.
curl -sw ' -> %{http_code}\n' ${url}/api-keys -H "Authorization: Bearer $SESSION" -H "Content-Type: application/json" \
  -d '{ "name": "reports", "scopes": ["reports:read"] }'

# 7. The dashboard sees the inspection, 200. Revoke its key, 204, and it is worth nothing: 401.
curl -sw ' -> %{http_code}\n' ${url}/inspections -H "Authorization: Bearer $KEY"
curl -sw ' -> %{http_code}\n' -X DELETE ${url}/api-keys/$KEY_ID -H "Authorization: Bearer $SESSION"
curl -sw ' -> %{http_code}\n' ${url}/vehicles -H "Authorization: Bearer $KEY"
`
}
