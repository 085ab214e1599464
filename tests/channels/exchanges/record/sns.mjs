// SPDX-License-Identifier: Apache-2.0
// Has Amazon's own validator check messages of SNS, with the certificate served on this machine. Run by sign.py.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'

process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
process.removeAllListeners('warning')
const require = createRequire(join(process.cwd(), 'x.js'))
const Validator = require('sns-validator')
const { key, certificate, bodies } = JSON.parse(readFileSync(0, 'utf8'))
const server = createServer({ key, cert: certificate }, (_, answer) => answer.end(certificate))
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const here = `127.0.0.1:${server.address().port}`
const validator = new Validator(/^127\.0\.0\.1:\d+$/)
for (const body of bodies) {
  const message = { ...JSON.parse(body), SigningCertURL: `https://${here}/x.pem` }
  await new Promise((done, fail) => validator.validate(message, (error) => (error ? fail(error) : done())))
}
process.stdout.write(require('sns-validator/package.json').version, () => process.exit(0))
