// The thread in which proofs run: an interpreter of Python with SymPy, and KaTeX for what it answers. It is a
// worker of the page that starts it, and may ask no other site for anything.

const START = `
import json, sys
sys.path[:0] = ["/algebra.zip", "/derivations.zip"]
from ganlab.derivations.desk import answers
`;

let interpreter;

// Each request of the interpreter goes through here, so that the page can say how much has come.
function counted(home, sizes) {
  const whole = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  let come = 0;
  const plain = self.fetch.bind(self);
  return async (address, options) => {
    const response = await plain(address, options);
    if (!response.ok) throw new Error(`${address} is not there`);
    const count = new TransformStream({
      transform(chunk, line) {
        come += chunk.byteLength;
        postMessage({ progress: come / whole, come, whole });
        line.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(count), { headers: response.headers });
  };
}

async function start(home) {
  const answer = await fetch(`${home}files.json`);
  const sizes = answer.ok ? await answer.json() : {};
  if (!sizes["pyodide.js"]) throw new Error("missing");
  self.fetch = counted(home, sizes);
  importScripts(`${home}pyodide.js`, `${home}katex.min.js`);
  const archives = ["algebra.zip", "derivations.zip"].map(async (name) => {
    const response = await fetch(`${home}${name}`);
    return [name, new Uint8Array(await response.arrayBuffer())];
  });
  const [python, ...held] = await Promise.all([self.loadPyodide({ indexURL: home }), ...archives]);
  for (const [name, bytes] of held) python.FS.writeFile(`/${name}`, bytes);
  postMessage({ progress: 1 });
  python.runPython(START);
  return python;
}

const typeset = (latex) => self.katex.renderToString(latex, { displayMode: true, throwOnError: false });

function answer(request) {
  const found = interpreter.globals.get("answers")(JSON.stringify(request));
  for (const text of found) {
    const part = JSON.parse(text);
    if (part.latex) part.html = typeset(part.latex);
    if (part.variables)
      for (const variable of part.variables)
        variable.html = self.katex.renderToString(variable.latex, { throwOnError: false });
    postMessage({ id: request.id, ...part });
  }
  found.destroy();
  postMessage({ id: request.id, done: true });
}

addEventListener("message", async ({ data }) => {
  try {
    if (data.home) {
      interpreter = await start(data.home);
      postMessage({ ready: true });
    } else answer(data);
  } catch (error) {
    postMessage({ id: data.id, failed: String(error.message ?? error) });
  }
});
