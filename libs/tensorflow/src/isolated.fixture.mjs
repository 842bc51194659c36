/** What isolated.spec.ts has done in a process of its own. */
import { Graph, Session } from '../dist/index.js';

/** @param {{ doing: string }} request */
export default async function work(request) {
  switch (request.doing) {
    case 'encode an empty image':
      return await encodeEmptyImage();
    case 'refuse':
      return new Graph().scope().op('NoSuchOperation').name;
    case 'leave':
      return process.exit(3);
    case 'linger':
      return await new Promise((resolve) => setTimeout(resolve, 60_000));
    default:
      return request;
  }
}

async function encodeEmptyImage() {
  const graph = new Graph();
  const scope = graph.scope();
  const image = scope.constant(0, { dtype: 'uint8', shape: [0, 2, 3] });
  const png = scope.op('EncodePng', { inputs: [image] }).output();
  const [encoded] = await new Session(graph).run({ fetches: [png] });
  return encoded?.byteLength;
}
