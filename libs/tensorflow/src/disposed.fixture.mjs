/**
 * Calls every public method and getter of what holds native memory, after the memory was given back, and prints what each
 * did as JSON: the code of its error, or 'answers'. A program of its own, because a crash would end the process.
 */
import {
  dataset,
  defineFunction,
  gradients,
  Graph,
  initializers,
  saver,
  Session,
  sum,
  Tensor,
  variable,
} from '@bluewaters/tensorflow';

/** @returns Everything that a program may still hold when it gives graph, session and tensors back. */
function build() {
  const graph = new Graph();
  const scope = graph.scope();
  const x = scope.placeholder('float32', [2], { name: 'x' });
  const weight = variable(scope, 'w', { dtype: 'float32', shape: [2], initializer: initializers.zeros() });
  const total = sum(scope, x);
  const body = defineFunction('same', [{ dtype: 'float32', shape: [] }], (_, inputs) => inputs);
  const session = new Session(graph);
  const step = session.prepare({ feeds: [x], fetches: [total] });
  const tensor = Tensor.of('float32', [2], [1, 2]);
  const text = Tensor.of('string', [1], ['a']);
  return { graph, scope, x, weight, total, body, session, step, tensor, text, keeper: saver(scope, [weight]) };
}

const held = build();
const { graph, scope, x, weight, total, body, session, step, tensor, text, keeper } = held;
const alive = Tensor.of('float32', [2], [1, 2]);
const graphDef = graph.toGraphDef();
// The graph last: a session, too, must be of no use once it alone was given back.
for (const owner of [tensor, text, body, session, graph]) owner[Symbol.dispose]();
for (const owner of [tensor, text, body, session, graph]) owner[Symbol.dispose]();

/** Arguments of the methods that need some. */
const ARGUMENTS = {
  'Graph.operation': ['x'],
  'Graph.output': ['x'],
  'Graph.definition': ['Add'],
  'Graph.importGraphDef': [graphDef],
  'Graph.copyFunction': [body],
  'Graph.ownFunction': [body],
  'Scope.child': ['inner'],
  'Scope.on': ['/cpu:0'],
  'Scope.colocatedWith': [x.operation],
  'Scope.op': ['NoOp'],
  'Scope.constant': [1],
  'Scope.placeholder': ['float32', []],
  'Operation.input': [0],
  'Session.run': [{ fetches: [total] }],
  'Session.trace': [{ fetches: [total] }],
  'Session.prepare': [{ fetches: [total] }],
  'Step.run': [[alive]],
  'Step.runSync': [[alive]],
  'Step.trace': [[alive]],
  'Variable.read': [scope],
  'Saver.save': [session, '/nowhere'],
  'Saver.snapshot': [session],
  'Saver.saveSnapshot': [session, '/nowhere', { values: [alive] }],
  'Saver.restore': [session, '/nowhere'],
};

const outcomes = {};

async function tryOut(name, attempt) {
  try {
    await attempt();
    outcomes[name] = 'answers';
  } catch (error) {
    outcomes[name] = error.code ?? `${error.name}: ${error.message}`;
  }
}

const objects = { Graph: graph, Scope: scope, Operation: total.operation, Output: total, Variable: weight };
Object.assign(objects, { GraphFunction: body, Session: session, Step: step, Tensor: tensor, Saver: keeper });
for (const [type, object] of Object.entries(objects)) {
  for (const [member, { get, value }] of Object.entries(
    Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object)),
  )) {
    if (member === 'constructor') continue;
    const name = `${type}.${member}`;
    await tryOut(name, () => (get ? get.call(object) : value.apply(object, ARGUMENTS[name] ?? [])));
  }
}
await tryOut('strings of a string tensor', () => text.strings());
await tryOut('gradients', () => gradients(scope, [total], [x]));
await tryOut('saver', () => saver(scope, [weight]));
await tryOut('dataset.range', () => dataset.range(scope, 0, 3));
const other = new Session(new Graph());
await tryOut('a value that was given back', () => other.run({ feeds: [[x, tensor]] }));
await tryOut('an output of a graph that was given back', () => other.run({ fetches: [total] }));
await tryOut('a session on a graph that was given back', () => new Session(graph));
process.stdout.write(JSON.stringify(outcomes));
