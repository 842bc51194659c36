import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import {
  Graph,
  raw,
  registeredOperations,
  type OperationDefinition,
  type Output,
  type Scope,
} from '@bluewaters/tensorflow';
import { chosenDefinitions, generateFiles, type DocumentedFamilies } from './generate.mjs';
import { functionName } from './render.mjs';

const OUTPUT = new URL('../../../libs/tensorflow/src/generated/operations/', import.meta.url);
const documentation = JSON.parse(
  readFileSync(new URL('../generated/documentation.json', import.meta.url), 'utf8'),
) as DocumentedFamilies;
const chosen = chosenDefinitions(documentation);

type Built = (scope: Scope, ...rest: unknown[]) => unknown;
const functions = raw as unknown as Readonly<Record<string, Built>>;

/** Names of the fields of a parameter's type, by the function and the parameter. */
function declaredFields(family: string): Map<string, Map<string, string[]>> {
  const source = readFileSync(new URL(`${family}.ts`, OUTPUT), 'utf8');
  const file = ts.createSourceFile(`${family}.ts`, source, ts.ScriptTarget.ES2022, true);
  const declarations = file.statements.filter(ts.isFunctionDeclaration);
  return new Map(
    declarations.map(({ name, parameters }) => [
      name?.text.replace(/_$/, '') ?? '',
      new Map(parameters.map((parameter) => [parameter.name.getText(), fieldsOf(parameter.type)])),
    ]),
  );
}

function fieldsOf(type: ts.TypeNode | undefined): string[] {
  if (type && ts.isIntersectionTypeNode(type)) return type.types.flatMap(fieldsOf);
  return type && ts.isTypeLiteralNode(type) ? type.members.map((member) => member.name?.getText() ?? '') : [];
}

/** What of the attributes TensorFlow does not derive from the inputs. */
function askedFor({ inputArg, attr }: OperationDefinition): string[] {
  const derived = inputArg.flatMap(({ typeAttr, numberAttr, typeListAttr }) => [typeAttr, numberAttr, typeListAttr]);
  return attr.map(({ name }) => name).filter((name) => !derived.includes(name));
}

describe('the functions of raw', () => {
  it('are what the registry of the library here gives, to the last byte', () => {
    const files = generateFiles(documentation);
    expect(Object.keys(files).sort()).toEqual(readdirSync(OUTPUT).sort());
    for (const [name, text] of Object.entries(files))
      expect(text === readFileSync(new URL(name, OUTPUT), 'utf8'), name).toBe(true);
  });

  it('have names of their own', () => {
    const names = chosen.flatMap(([, definitions]) => definitions.map(({ name }) => functionName(name)));
    expect(Object.keys(raw).sort()).toEqual(names.sort());
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(chosen)('declare every input and attribute of %s as the registry names them', (family, definitions) => {
    const declared = declaredFields(family);
    for (const definition of definitions) {
      const fields = declared.get(functionName(definition.name));
      expect(fields?.get('inputs') ?? [], definition.name).toEqual(definition.inputArg.map(({ name }) => name));
      expect(fields?.get('attributes') ?? [], definition.name).toEqual(askedFor(definition));
    }
  });

  it.each(chosen)('pass the inputs of %s in the order of the registry, under its name', (_family, definitions) => {
    for (const { name, inputArg } of definitions) {
      const passed: unknown[] = [];
      const recorder = {
        op: (type: string, options: { readonly inputs: unknown }) => {
          passed.push(type, options.inputs);
          throw new Error('recorded');
        },
      } as unknown as Scope;
      const inputs = Object.fromEntries(inputArg.map((argument) => [argument.name, `input ${argument.name}`]));
      const options = inputArg.length > 0 ? [inputs, {}] : [{}];
      expect(() => functions[functionName(name)]?.(recorder, ...options)).toThrow('recorded');
      expect(passed).toEqual([name, Object.values(inputs)]);
    }
  });

  it('leave no operation of TensorFlow out of reach', () => {
    using graph = new Graph();
    const scope = graph.scope();
    const listed = registeredOperations().map(({ name }) => name);
    expect(listed).toContain('LookupTableFindV2');
    expect(functions['lookupTableFindV2']).toBeUndefined();
    const table = scope.op('HashTableV2', { attributes: { key_dtype: 'string', value_dtype: 'int64' } });
    expect(table.output().dtype).toBe('resource');
  });
});

describe('one operation of each family', () => {
  const graph = new Graph();
  afterAll(() => {
    graph[Symbol.dispose]();
  });
  const scope = graph.scope();
  const x = scope.placeholder('float32', [2, 4, 4, 3], { name: 'x' });
  const vector = scope.placeholder('float32', [6], { name: 'vector' });
  const text = scope.constant('text');
  const seed = scope.constant([1n, 2n]);
  const variable = raw.varHandleOp(scope, { dtype: 'float32', shape: [6] });
  const built: Readonly<Record<string, () => Output>> = {
    arrays: () =>
      raw.split(scope, { split_dim: scope.constant(0, { dtype: 'int32' }), value: vector }, { num_split: 3 })[2]!,
    mathematics: () => raw.addV2(scope, { x: vector, y: vector }),
    networks: () => raw.maxPool(scope, { input: x }, { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'SAME' }),
    images: () => raw.resizeArea(scope, { images: x, size: scope.constant([2, 2], { dtype: 'int32' }) }),
    random: () => raw.statelessRandomUniform(scope, { shape: scope.constant([2], { dtype: 'int32' }), seed }),
    strings: () => raw.stringLength(scope, { input: text }),
    datasets: () => raw.rangeDataset(scope, countingTo(scope), { output_types: ['int64'], output_shapes: [[]] }),
    variables: () => raw.readVariableOp(scope, { resource: variable }, { dtype: 'float32' }),
    training: () => raw.readVariableOp(trained(scope, variable), { resource: variable }, { dtype: 'float32' }),
    checkpoints: () => raw.readFile(scope, { filename: text }),
    control: () => raw.switch(scope, { data: vector, pred: scope.constant(true) }).output_true,
    collectives: () => raw.collectiveReduceV2(scope, reduced(scope, vector), { merge_op: 'Add', final_op: 'Id' }),
  };
  const expected: Readonly<Record<string, readonly [dtype: string, shape: unknown]>> = {
    arrays: ['float32', [2]],
    mathematics: ['float32', [6]],
    networks: ['float32', [2, 2, 2, 3]],
    images: ['float32', [2, 2, 2, 3]],
    random: ['float32', [2]],
    strings: ['int32', []],
    datasets: ['variant', []],
    variables: ['float32', [6]],
    training: ['float32', [6]],
    checkpoints: ['string', []],
    control: ['float32', [6]],
    collectives: ['float32', [6]],
  };

  it.each(chosen.map(([family]) => family))(
    'of %s is built, with the dtype and shape that TensorFlow infers',
    (family) => {
      const output = built[family]?.();
      expect([output?.dtype, output?.shape]).toEqual(expected[family]);
    },
  );
});

function countingTo(scope: Scope) {
  return { start: scope.constant(0n), stop: scope.constant(4n), step: scope.constant(1n) };
}

function trained(scope: Scope, resource: Output<'resource'>): Scope {
  const one = scope.constant(1);
  const delta = scope.placeholder('float32', [6]);
  return scope.after(raw.resourceApplyGradientDescent(scope, { var: resource, alpha: one, delta }));
}

function reduced(scope: Scope, input: Output<'float32'>) {
  const one = scope.constant(1, { dtype: 'int32' });
  return { input, group_size: one, group_key: one, instance_key: one, ordering_token: [] };
}
