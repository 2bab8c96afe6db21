// Typesets: each line of input is a JSON request {latex, displayMode}, each line of output {html} or {error}.
const katex = require(process.argv[2]);

function typeset({ latex, displayMode }) {
  try {
    return { html: katex.renderToString(latex, { displayMode, throwOnError: true, strict: "error" }) };
  } catch (error) {
    return { error: error.message };
  }
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => process.stdout.write(JSON.stringify(typeset(JSON.parse(line))) + "\n"));
