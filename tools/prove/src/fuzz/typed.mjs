/** Calls of the typed functions of operations, with arguments that their types allow. */
import { dtypeOfNumber, raw, registeredOperations } from '@bluewaters/tensorflow';
import { functionName } from '../../../operations/src/render.mjs';
import { anyDtype, anyShape, FILLED, realNumber, realShape, tensor, text, wholeNumber } from './values.mjs';

/** @import { DType, GraphFunction, OperationArgument, OperationAttribute, OperationDefinition, Output, Scope, Tensor } from '@bluewaters/tensorflow' */
/** @import { Random } from './random.mjs' */

/**
 * What a call may draw from.
 *
 * @typedef {{
 *   random: Random,
 *   scope: Scope,
 *   outputs: Output[],
 *   feeds: [Output, Tensor][],
 *   functions: GraphFunction[],
 *   keep: (tensor: Tensor) => Tensor,
 * }} Materials
 */

const functions = /** @type {Readonly<Record<string, (...parameters: unknown[]) => unknown>>} */ (
  /** @type {unknown} */ (raw)
);

const OPERATIONS = registeredOperations();

/**
 * The first operation with a typed function from a place in the registry: when another one loses its function, the steps
 * of a seed stay what they were, but for those that came upon it.
 *
 * @param {number} place
 * @returns {OperationDefinition}
 */
export function typedFrom(place) {
  for (let at = place; ; at++) {
    const definition = OPERATIONS[at % OPERATIONS.length];
    if (definition && functionName(definition.name) in functions) return definition;
  }
}

/** Any of them. @param {Random} random */
export const anyTyped = (random) => typedFrom(random.below(OPERATIONS.length));

/**
 * Calls the function of an operation.
 *
 * @param {OperationDefinition} definition
 * @param {Materials} materials
 * @returns {Output[]} What it gives.
 */
export function callTyped(definition, materials) {
  const { random, scope } = materials;
  const chosen = chooseAttributes(definition, materials);
  const shape = realShape(random);
  const alike = random.chance(0.5);
  const inputs = definition.inputArg.map((argument) => [
    argument.name,
    inputOf(argument, chosen, materials, alike ? shape : undefined),
  ]);
  const inferred = new Set(
    definition.inputArg.flatMap(({ typeAttr, numberAttr, typeListAttr }) => [typeAttr, numberAttr, typeListAttr]),
  );
  const attributes = Object.fromEntries([...chosen].filter(([name]) => !inferred.has(name)));
  const call = functions[functionName(definition.name)];
  const given = inputs.length > 0 ? [Object.fromEntries(inputs), attributes] : [attributes];
  return outputsIn(call?.(scope, ...given));
}

/** @param {unknown} result An output, a list, an operation, or an object of outputs and lists. @returns {Output[]} */
function outputsIn(result) {
  if (typeof result !== 'object' || result === null) return [];
  if (Array.isArray(result)) return result.flatMap(outputsIn);
  if ('operation' in result) return [/** @type {Output} */ (/** @type {unknown} */ (result))];
  return 'graph' in result ? [] : Object.values(result).flatMap(outputsIn);
}

/** @param {OperationDefinition} definition @param {Materials} materials */
function chooseAttributes({ attr }, materials) {
  /** @type {Map<string, unknown>} */
  const chosen = new Map();
  for (const attribute of attr) {
    const value = attributeValue(attribute, materials);
    if (value !== undefined) chosen.set(attribute.name, value);
  }
  return chosen;
}

/** @param {OperationAttribute} attribute @param {Materials} materials */
function attributeValue(attribute, materials) {
  const { random } = materials;
  if (attribute.defaultValue && attribute.type !== 'type' && random.chance(0.5)) return undefined;
  const element = /^list\((\w+)\)$/.exec(attribute.type)?.[1];
  if (element === undefined) return single(attribute, attribute.type, materials);
  const length = random.chance(0.75) ? Number(attribute.minimum) || 1 + random.below(4) : random.below(6);
  return random.list(length, () => single(attribute, element, materials));
}

/** @param {OperationAttribute} attribute @param {string} kind @param {Materials} materials */
function single(attribute, kind, { random, functions, keep }) {
  const allowed = attribute.allowedValues?.value.case === 'list' ? attribute.allowedValues.value.value : undefined;
  switch (kind) {
    case 'int':
      return wholeNumber(random);
    case 'float':
      return realNumber(random);
    case 'bool':
      return random.chance(0.5);
    case 'string':
      return allowed ? Buffer.from(random.pick(allowed.s)).toString() : text(random);
    case 'type':
      return allowed ? named(random.pick(allowed.type)) : anyDtype(random);
    case 'shape':
      return anyShape(random);
    case 'tensor':
      return keep(tensor(random, random.pick(FILLED)));
    default:
      return random.pick(functions);
  }
}

/** @param {number} number @returns {DType} Float32 where it has no name here. */
function named(number) {
  try {
    return dtypeOfNumber(number);
  } catch {
    return 'float32';
  }
}

/**
 * @param {OperationArgument} argument
 * @param {Map<string, unknown>} chosen
 * @param {Materials} materials
 * @param {number[] | undefined} shape The one that all inputs have, if they have.
 */
function inputOf(argument, chosen, materials, shape) {
  const { random } = materials;
  const { type, typeAttr, numberAttr, typeListAttr } = argument;
  if (typeListAttr !== '') {
    const dtypes = /** @type {DType[]} */ (chosen.get(typeListAttr) ?? random.list(random.below(4), () => 'float32'));
    return dtypes.map((dtype) => outputOf(dtype, materials, shape));
  }
  const dtype = type === 0 ? /** @type {DType} */ (chosen.get(typeAttr)) : dtypeOfNumber(type);
  if (numberAttr === '') return outputOf(dtype, materials, shape);
  const count = chosen.get(numberAttr);
  const length = typeof count === 'number' && count >= 0 && count < 6 ? count : random.below(4);
  chosen.set(numberAttr, length);
  return random.list(length, () => outputOf(dtype, materials, shape));
}

/**
 * An output that there is, a constant, or a placeholder with what it is fed with.
 *
 * @param {DType} dtype
 * @param {Materials} materials
 * @param {number[] | undefined} shape
 */
function outputOf(dtype, { random, scope, outputs, feeds, keep }, shape) {
  const fitting = random.chance(0.95) ? outputs.filter((output) => output.dtype === dtype) : outputs;
  if (fitting.length > 0 && random.chance(0.5)) return random.pick(fitting);
  if (dtype === 'resource' || dtype === 'variant') {
    return fitting.length > 0 ? random.pick(fitting) : scope.placeholder(dtype, anyShape(random));
  }
  const value = keep(tensor(random, dtype, random.chance(0.8) ? shape : undefined));
  if (random.chance(0.5)) return scope.constant(value);
  const known = random.chance(0.5) ? undefined : random.chance(0.9) ? value.shape : anyShape(random);
  const placeholder = scope.placeholder(dtype, known);
  if (random.chance(0.97)) feeds.push([placeholder, value]);
  return placeholder;
}
