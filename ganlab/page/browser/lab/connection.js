// The line to the training: a worker; where none starts, this thread in short pieces.

import { host } from "../training/host.js";

// `receive` gets each message, `fallen` is called where no worker starts. Returns {send, stop}.
export function connect(receive, fallen) {
  try {
    return away(receive, fallen);
  } catch {
    fallen();
    return here(receive);
  }
}

function here(receive) {
  const post = (message) => queueMicrotask(() => receive(message));
  const send = host(post, Float64Array, 8, (run) => setTimeout(run, 4));
  return { send, stop: () => send({ type: "stop" }) };
}

function away(receive, fallen) {
  const address = new URL("./worker.js", import.meta.url);
  const worker = new Worker(address);
  let alive = false;
  const sent = [];
  const line = {
    send(message) {
      if (!alive) sent.push(message);
      worker.postMessage(message);
    },
    stop: () => worker.terminate(),
  };
  worker.onmessage = ({ data }) => {
    if (!alive) URL.revokeObjectURL(address);
    alive = true;
    receive(data);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    if (alive) return;
    alive = true;
    worker.terminate();
    Object.assign(line, here(receive));
    fallen();
    sent.forEach((message) => line.send(message));
  };
  return line;
}
