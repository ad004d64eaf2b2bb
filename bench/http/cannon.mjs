// The process of autocannon.
import autocannon from 'autocannon'

const { seconds } = JSON.parse(process.argv[2])

process.on('message', async ({ port, credentials, status }) => {
  const { requests, duration, latency, statusCodeStats, errors } = await autocannon({
    url: `http://127.0.0.1:${port}/hello`,
    connections: 32,
    duration: seconds,
    requests: credentials.map(authorization => ({ method: 'GET', path: '/hello', headers: { authorization } }))
  })
  const expected = statusCodeStats[status]?.count ?? 0
  process.send({ result: { requests: requests.total, milliseconds: duration * 1000, p99: latency.p99, otherStatus: requests.total - expected + errors } })
})
process.on('disconnect', () => process.exit())
