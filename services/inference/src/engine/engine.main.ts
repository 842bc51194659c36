/**
 * The engine as a process of its own: takes calls over the channel to its parent and answers each once. Calls run side
 * by side; TensorFlow works on threads of its own, so that loading one model does not hold up another's answers.
 */
import { toCodedError } from '@bluewaters/errors';
import type { EngineCall, EngineReply, EngineRequest } from './engine-messages.js';
import { ModelHost } from './model-host.js';

const host = new ModelHost(Number(process.argv[2]));

async function answer({ id, call, request }: EngineRequest): Promise<EngineReply> {
  try {
    const run = host[call].bind(host) as (request: EngineRequest['request']) => ReturnType<ModelHost[EngineCall]>;
    return { id, answer: await run(request) };
  } catch (error) {
    return { id, error: toCodedError(error).toJSON() };
  }
}

// Ctrl-C and batch systems signal every process at once; the parent still has requests to answer, and ends us after them.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

process.on('message', (request) => {
  void answer(request as EngineRequest).then((reply) => process.send?.(reply));
});
