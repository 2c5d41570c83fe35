// Runs one stock socket.io-client for a test: commands come as JSON lines on stdin, what happens goes out as JSON lines.
//
//   node driver.mjs PACKAGE_DIRECTORY URL OPTIONS
//
// A command is [event, data], or [event, data, number] to ask for an acknowledgement; the end of stdin closes the client.
// Told are ["connect", {}], ["disconnect", reason], ["connect_error", {message, data, response}], [event, data] and
// ["acknowledged", {number, answer}].

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const [packages, url, options] = process.argv.slice(2);
const { io } = createRequire(`${packages}/`)("socket.io-client");

const tell = (event, data) => process.stdout.write(`${JSON.stringify([event, data])}\n`);

const socket = io(url, JSON.parse(options));
socket.on("connect", () => tell("connect", {}));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.on("connect_error", (error) =>
  tell("connect_error", { message: error.message, data: error.data, response: error.context?.responseText }),
);
socket.onAny((event, data) => tell(event, data));

for await (const line of createInterface({ input: process.stdin })) {
  const [event, data, number] = JSON.parse(line);
  if (number === undefined) socket.emit(event, data);
  else socket.emit(event, data, (answer) => tell("acknowledged", { number, answer }));
}
socket.close();
