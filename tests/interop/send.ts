// Sends a message with openapi-fetch, by the types that openapi-typescript makes of the contract.
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

declare const process: { argv: string[] };
const baseUrl = process.argv[2];

const client = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer key" } });
const { data, error } = await client.POST("/chat/completions", {
  body: {
    messages: [{ role: "user", content: "Hi" }],
    reasoning_effort: "a new value",
  },
});
if (error) throw new Error(JSON.stringify(error));
// Not a chunk of a stream, which was not asked for.
const completion = data as components["schemas"]["ChatCompletion"];
const reason: string = completion.choices[0].finish_reason;
console.log(JSON.stringify([completion.choices[0].message.content, reason]));
