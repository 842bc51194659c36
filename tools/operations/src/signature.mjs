/** From a definition in the registry to the types of a function's parameters and result. */
import { dtypeOfNumber } from '@bluewaters/tensorflow';
import { allowedDtypes, dtypeOrNone } from './dtypes.mjs';

/** @import { OperationArgument, OperationAttribute, OperationDefinition } from '@bluewaters/tensorflow' */
/** @typedef {{ name: string, type: string }} Field */
/** @typedef {Field & { optional: boolean, default: string | undefined }} AttributeField */
/**
 * @typedef {{
 *   typeParameters: string[],
 *   inputs: Field[],
 *   attributes: AttributeField[],
 *   outputs: (Field & { list: boolean })[],
 * }} Signature
 */

/** Kinds of attributes, as the registry writes them, as TypeScript does. */
const ATTRIBUTE_TYPES = {
  int: 'number',
  float: 'number',
  bool: 'boolean',
  string: 'string | Uint8Array',
  type: 'DType',
  shape: 'Shape | undefined',
  tensor: 'Tensor',
  func: 'GraphFunction',
};

/**
 * @param {OperationDefinition} definition
 * @returns {Signature}
 */
export function signatureOf(definition) {
  const { inputArg, outputArg, attr } = definition;
  const inferred = new Set(inputArg.flatMap(attributesOf));
  const asked = attr.filter(({ name }) => !inferred.has(name));
  const outputAttributes = new Set(outputArg.map(({ typeAttr }) => typeAttr));
  const generic = new Map(
    attr
      .filter(({ type, name }) => type === 'type' && (outputAttributes.has(name) || isShared(name, inputArg)))
      .map((attribute) => [attribute.name, typeParameterOf(attribute, inferred.has(attribute.name))]),
  );
  const seen = /** @type {Set<string>} */ (new Set());
  return {
    typeParameters: [...generic.values()]
      .map(({ declaration }) => declaration)
      .sort((a, b) => Number(a.includes(' = ')) - Number(b.includes(' = '))),
    inputs: inputArg.map((argument) => ({ name: argument.name, type: inputType(argument, definition, generic, seen) })),
    attributes: asked.map((attribute) => attributeField(attribute, generic)),
    outputs: outputArg.map((argument) => outputField(argument, generic)),
  };
}

/** @param {OperationArgument} argument */
function attributesOf({ typeAttr, numberAttr, typeListAttr }) {
  return [typeAttr, numberAttr, typeListAttr].filter((name) => name !== '');
}

/**
 * @param {string} attribute
 * @param {OperationArgument[]} inputs
 */
function isShared(attribute, inputs) {
  return inputs.filter(({ typeAttr }) => typeAttr === attribute).length > 1;
}

/** @typedef {{ name: string, declaration: string }} TypeParameter */

/**
 * An inferred one takes any dtype, so that a plain `Output` passes; its input says which are allowed.
 *
 * @param {OperationAttribute} attribute
 * @param {boolean} inferred
 * @returns {TypeParameter}
 */
function typeParameterOf(attribute, inferred) {
  const name = attribute.name.replace(/(^|_)([a-z])/g, (_, __, letter) => letter.toUpperCase());
  const allowed = inferred ? 'DType' : allowedDtypes(attribute);
  const initial = inferred ? undefined : dtypeOrNone(Number(defaultOf(attribute)?.value ?? 0));
  return { name, declaration: `${name} extends ${allowed}${initial ? ` = '${initial}'` : ''}` };
}

/** @param {OperationAttribute} attribute */
function defaultOf({ defaultValue }) {
  return defaultValue?.value.case === undefined ? undefined : defaultValue.value;
}

/**
 * The first input of a type attribute tells the compiler its dtype, and the others must fit.
 *
 * @param {OperationArgument} argument
 * @param {OperationDefinition} definition
 * @param {Map<string, TypeParameter>} generic
 * @param {Set<string>} seen The type attributes of the inputs before it.
 */
function inputType(argument, { attr }, generic, seen) {
  const { type, typeAttr, typeListAttr } = argument;
  if (typeListAttr !== '') return 'readonly Output[]';
  if (type !== 0) return listOf(argument, `Output<'${dtypeOfNumber(type)}'>`);
  const parameter = generic.get(typeAttr)?.name;
  const allowed = allowedDtypes(attr.find(({ name }) => name === typeAttr));
  const first = !seen.has(typeAttr);
  seen.add(typeAttr);
  if (parameter === undefined) return listOf(argument, allowed === 'DType' ? 'Output' : `Output<${allowed}>`);
  if (!first) return listOf(argument, `Output<NoInfer<${parameter}>>`);
  return listOf(argument, allowed === 'DType' ? `Output<${parameter}>` : `Input<${parameter}, ${allowed}>`);
}

/**
 * @param {OperationArgument} argument
 * @param {string} type
 */
function listOf({ numberAttr }, type) {
  return numberAttr === '' ? type : `readonly ${type}[]`;
}

/**
 * @param {OperationArgument} argument
 * @param {Map<string, TypeParameter>} generic
 */
function outputField(argument, generic) {
  const { name, type, typeAttr, numberAttr, typeListAttr } = argument;
  const list = numberAttr !== '' || typeListAttr !== '';
  const dtype = type !== 0 ? `<'${dtypeOfNumber(type)}'>` : typeAttr === '' ? '' : `<${generic.get(typeAttr)?.name}>`;
  return { name, list, type: `${list ? 'readonly ' : ''}Output${dtype}${list ? '[]' : ''}` };
}

/**
 * @param {OperationAttribute} attribute
 * @param {Map<string, TypeParameter>} generic
 * @returns {AttributeField}
 */
function attributeField(attribute, generic) {
  const { name } = attribute;
  const value = defaultOf(attribute);
  const type = generic.get(name)?.name ?? attributeType(attribute);
  return { name, type, optional: value !== undefined, default: value && describeDefault(attribute.type, value) };
}

/** @param {OperationAttribute} attribute */
function attributeType(attribute) {
  const element = /^list\((\w+)\)$/.exec(attribute.type)?.[1];
  const single = elementType(attribute, element ?? attribute.type);
  if (element === undefined) return single;
  return `readonly ${single.includes('|') ? `(${single})` : single}[]`;
}

/**
 * @param {OperationAttribute} attribute
 * @param {string} kind
 */
function elementType(attribute, kind) {
  if (kind === 'type') return allowedDtypes(attribute);
  const list = attribute.allowedValues?.value;
  if (kind === 'string' && list?.case === 'list') return list.value.s.map((bytes) => quoted(bytes)).join(' | ');
  return ATTRIBUTE_TYPES[/** @type {keyof typeof ATTRIBUTE_TYPES} */ (kind)];
}

/** @param {Uint8Array} bytes */
function quoted(bytes) {
  return `'${Buffer.from(bytes).toString()}'`;
}

/**
 * As a reader would write it; undefined where a default says nothing, as an empty name does.
 *
 * @param {string} kind
 * @param {NonNullable<ReturnType<typeof defaultOf>>} value
 */
function describeDefault(kind, value) {
  switch (value.case) {
    case 's':
      return value.value.length > 0 ? quoted(value.value) : undefined;
    case 'f':
      return String(Number(value.value.toPrecision(6)));
    case 'i':
    case 'b':
      return String(value.value);
    case 'type':
      return `'${dtypeOrNone(value.value)}'`;
    case 'list':
      return describeList(kind, value.value);
    default:
      return undefined;
  }
}

/**
 * @param {string} kind
 * @param {import('@bluewaters/tensorflow').OperationAttributeList} list
 */
function describeList(kind, { i, f, s, type }) {
  const values = {
    'list(int)': i,
    'list(float)': f,
    'list(string)': s.map(quoted),
    'list(type)': type.map(dtypeOrNone),
  };
  const found = values[/** @type {keyof typeof values} */ (kind)];
  return found && `[${found.join(', ')}]`;
}
