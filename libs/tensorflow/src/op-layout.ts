/** What adding an operation needs of its definition, found once. */
import type { OpDef, OpDef_ArgDef, OpDef_AttrDef } from './generated/tensorflow/core/framework/op_def_pb.js';

/** One input. */
export interface InputLayout {
  readonly name: string;
  /** Whether it takes any number of outputs. */
  readonly isList: boolean;
}

/** The inputs and attributes of one type of operation. */
export interface OperationLayout {
  readonly inputs: readonly InputLayout[];
  readonly attributes: ReadonlyMap<string, AttributeLayout>;
}

/** One attribute. */
export interface AttributeLayout {
  /** As in `OpDef.AttrDef.type`. */
  readonly kind: string;
  /** What a string may be; undefined when anything. */
  readonly allowed: readonly string[] | undefined;
}

const layouts = new WeakMap<OpDef, OperationLayout>();

/** The layout of a definition. */
export function layoutOf(definition: OpDef): OperationLayout {
  const known = layouts.get(definition);
  if (known) return known;
  const layout = {
    inputs: definition.inputArg.map((argument) => ({ name: argument.name, isList: isList(argument) })),
    attributes: new Map(definition.attr.map((attribute) => [attribute.name, attributeLayout(attribute)])),
  };
  layouts.set(definition, layout);
  return layout;
}

function isList({ numberAttr, typeListAttr }: OpDef_ArgDef): boolean {
  return numberAttr !== '' || typeListAttr !== '';
}

function attributeLayout({ type, allowedValues }: OpDef_AttrDef): AttributeLayout {
  const list = allowedValues?.value;
  const named = type === 'string' && list?.case === 'list';
  return { kind: type, allowed: named ? list.value.s.map((bytes) => Buffer.from(bytes).toString()) : undefined };
}
