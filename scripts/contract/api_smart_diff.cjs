// Print the differences between two OpenAPI documents as JSON.
// Standard input: {"before": document, "after": document}. Argument: the folder `node_modules` of api-smart-diff.
const path = require("node:path");

const { apiCompare } = require(path.join(process.argv[2], "api-smart-diff"));
const { before, after } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(apiCompare(before, after).diffs));
