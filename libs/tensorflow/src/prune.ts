/** Cutting a graph down to what some of its operations need. */
import type { AttrValue, NameAttrList } from './generated/tensorflow/core/framework/attr_value_pb.js';
import type { GraphDef } from './generated/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from './generated/tensorflow/core/framework/node_def_pb.js';

/**
 * Keeps the named operations, all that they depend on, and the functions that those call.
 *
 * @param roots Full names of operations; each must be in the graph.
 */
export function prune(graph: GraphDef, roots: Iterable<string>): GraphDef {
  const byName = new Map(graph.node.map((node) => [node.name, node]));
  const kept = reachable(roots, (name) => (byName.get(name)?.input ?? []).map(operationOfInput));
  const node = graph.node.filter(({ name }) => kept.has(name));
  return { ...graph, node, ...(graph.library && { library: pruneLibrary(graph.library, node) }) };
}

function pruneLibrary(library: NonNullable<GraphDef['library']>, nodes: readonly NodeDef[]): typeof library {
  const byName = new Map(library.function.map((body) => [body.signature?.name ?? '', body]));
  const called = (body: readonly NodeDef[]) => body.flatMap(functionsOf).filter((name) => byName.has(name));
  const kept = reachable(called(nodes), (name) => called(byName.get(name)?.nodeDef ?? []));
  return { ...library, function: library.function.filter((body) => kept.has(body.signature?.name ?? '')) };
}

function reachable(roots: Iterable<string>, next: (name: string) => readonly string[]): Set<string> {
  const found = new Set(roots);
  for (const name of found) for (const further of next(name)) found.add(further);
  return found;
}

/** The operation that an input comes from: '^name' is a control input, 'name:1' an output that is not the first. */
export function operationOfInput(input: string): string {
  return input.replace(/^\^/, '').replace(/:\d+$/, '');
}

/** By attribute, or by an operation's type: a function may be called as one. */
function functionsOf({ op, attr }: NodeDef): string[] {
  return [
    op,
    ...Object.values(attr)
      .flatMap(functionsOfAttribute)
      .map(({ name }) => name),
  ];
}

function functionsOfAttribute({ value }: AttrValue): readonly NameAttrList[] {
  if (value.case === 'func') return [value.value];
  return value.case === 'list' ? value.value.func : [];
}
