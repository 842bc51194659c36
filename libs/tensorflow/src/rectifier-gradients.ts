import { canMoveInputs, moveInput, readersOf } from './edges.js';
import { upstreamOf } from './gradient-cuts.js';
import { Operation, type Output } from './operation.js';

/** Which input of ReluGrad says where the rectifier let something through. */
const FEATURES = 1;

/**
 * Lets the gradients of rectifiers on the way to `ys` read what came out of them, as Python's rule does, instead of what
 * went in, as the rule of the C library does. It is positive in the same places; and as the next layer keeps it anyway,
 * the input can be given back, or overwritten, in the forward pass: a third of what a residual network keeps for the
 * backward pass. Where the library cannot move edges all stays as it is.
 */
export function forgetRectifiedInputs(ys: readonly Output[]): void {
  if (!canMoveInputs()) return;
  for (const operation of upstreamOf(ys).values()) {
    if (operation.type !== 'Relu') continue;
    for (const reader of readersOf(operation.input(0))) {
      if (reader.index !== FEATURES || reader.oper === null) continue;
      if (new Operation(operation.graph, reader.oper).type !== 'ReluGrad') continue;
      moveInput(operation.graph, operation.output(0), reader);
    }
  }
}
