// SPDX-License-Identifier: Apache-2.0
// Calls Customer.io's own Node client. The settings are the first argument; then one call per line on stdin, for
// example {"client": "app", "method": "getSegment", "arguments": [7]}, and one answer per line on stdout:
// {"value": …}, or {"error": {name, message, status, body, retry_after}}.
import { createInterface } from 'node:readline';

const settings = JSON.parse(process.argv[2]);
const library = await import(settings.package);
const { default: customerio } = library;
const clients = {
  track: new customerio.TrackClient(settings.site_id, settings.track_key, {
    url: `${settings.url}/api/v1`,
    ...settings.options,
  }),
  app: new customerio.APIClient(settings.app_key, { url: `${settings.url}/v1`, ...settings.options }),
};

// {"new": "SendEmailRequest", "with": {…}, "attach": {name: text}} as an argument is such an object of the library's.
function made(given) {
  if (given === null || typeof given !== 'object' || !('new' in given)) return given;
  const request = new (library[given.new] ?? customerio[given.new])(given.with);
  for (const [name, text] of Object.entries(given.attach ?? {})) request.attach(name, Buffer.from(text));
  return request;
}

// "request.get" is the method get of the property request.
async function call({ client, method, arguments: given }) {
  const names = method.split('.');
  const last = names.pop();
  const owner = names.reduce((object, name) => object[name], clients[client]);
  return owner[last](...given.map(made));
}

function methods(client) {
  const found = Object.getOwnPropertyNames(Object.getPrototypeOf(clients[client]));
  return found.filter((name) => name !== 'constructor');
}

async function answer(message) {
  try {
    const value = message.method === '?' ? methods(message.client) : await call(message);
    return { value };
  } catch (error) {
    const headers = error.response?.headers ?? {};
    return {
      error: {
        name: error.name,
        message: error.message,
        status: error.statusCode,
        body: error.body,
        retry_after: headers['retry-after'],
      },
    };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
