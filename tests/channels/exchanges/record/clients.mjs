// SPDX-License-Identifier: Apache-2.0
// The libraries of Node's, each sending one message. Run by record.py: case, URL of the server, file of the messages.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(join(process.cwd(), 'x.js'))
const [which, url, file] = process.argv.slice(1)
const told = JSON.parse(readFileSync(file, 'utf8'))
const { email, mime, login, pair, push } = told

function ofPostmark(told) {
  const mail = {
    From: told.from,
    To: told.to,
    ...(told.cc && { Cc: told.cc, Bcc: told.bcc }),
    ReplyTo: told.reply_to,
    Subject: told.subject,
    HtmlBody: told.html,
    TextBody: told.text,
    MessageStream: 'broadcast',
    TrackOpens: false,
    TrackLinks: 'None',
    Metadata: { delivery_id: told.delivery_id },
    Headers: [
      ...Object.entries(told.headers).map(([Name, Value]) => ({ Name, Value })),
      { Name: 'X-PM-KeepID', Value: 'true' },
    ],
  }
  const one = told.attachment
  return one ? { ...mail, Attachments: [{ Name: one.name, Content: one.content, ContentType: one.type }] } : mail
}

function postmark() {
  const { ServerClient } = require('postmark')
  return new ServerClient(login.key, { useHttps: false, requestHost: url.slice('http://'.length) })
}

async function mailgun() {
  const Mailgun = require('mailgun.js')
  const made = new (Mailgun.default ?? Mailgun)(FormData).client({ username: 'api', key: login.key, url })
  await made.messages.create(login.mailgun, {
    to: mime.to,
    message: Buffer.from(mime.content),
    'o:tracking': 'no',
    'o:tracking-clicks': 'no',
    'o:tracking-opens': 'no',
    'v:delivery_id': mime.delivery_id,
  })
}

async function apns() {
  const apn = require('@parse/node-apn')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const keyFile = join(mkdtempSync(join(tmpdir(), 'apns-')), 'key.pem')
  writeFileSync(keyFile, pem)
  const asked = ['req', '-x509', '-key', keyFile, '-days', '2', '-subj', '/CN=127.0.0.1']
  const cert = execFileSync('openssl', asked)
  const server = createSecureServer({ key: pem, cert })
  let seen
  server.on('stream', (stream, headers) => {
    const pieces = []
    stream.on('data', (piece) => pieces.push(piece))
    stream.on('end', () => {
      seen = { path: headers[':path'], headers: { ...headers }, body: Buffer.concat(pieces).toString() }
      stream.respond({ ':status': 200 })
      stream.end()
    })
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const provider = new apn.Provider({
    token: { key: pem, keyId: login.apple.key, teamId: login.apple.team },
    address: '127.0.0.1',
    port: server.address().port,
    rejectUnauthorized: false,
  })
  const note = new apn.Notification({
    alert: { title: push.title, body: push.message },
    sound: push.sound,
    badge: 3,
    mutableContent: true,
    topic: login.apple.topic,
    pushType: 'alert',
    priority: 10,
    collapseId: push.delivery_id,
    payload: {
      CIO: { push: { link: push.link, image: push.image_url } },
      'CIO-Delivery-ID': push.delivery_id,
      'CIO-Delivery-Token': push.ios,
    },
  })
  await provider.send(note, push.ios)
  for (const name of Object.keys(seen.headers)) if (name.startsWith(':')) delete seen.headers[name]
  process.stdout.write(JSON.stringify(seen), () => process.exit(0))
}

const cases = {
  postmark: () => postmark().sendEmail(ofPostmark(email)),
  'postmark-many': () => postmark().sendEmailBatch(pair.map(ofPostmark)),
  mailgun,
  apns,
}
await cases[which]()
