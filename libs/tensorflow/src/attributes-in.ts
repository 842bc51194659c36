import type { AttrValue } from './generated/tensorflow/core/framework/attr_value_pb.js';
import type { Operation } from './operation.js';

/** The attributes of an operation, by their kinds; one that it has not is empty, 0 or false. */
export interface Attributes {
  text(name: string): string;
  number(name: string): number;
  flag(name: string): boolean;
  integers(name: string): readonly bigint[];
}

/** Reads the attributes of an operation. */
export function attributesIn(operation: Operation): Attributes {
  const { attr } = operation.toNodeDef();
  const value = (name: string): AttrValue['value'] | undefined => attr[name]?.value;
  return {
    text(name) {
      const found = value(name);
      return found?.case === 's' ? Buffer.from(found.value).toString() : '';
    },
    number(name) {
      const found = value(name);
      return found?.case === 'f' || found?.case === 'i' ? Number(found.value) : 0;
    },
    flag(name) {
      const found = value(name);
      return found?.case === 'b' && found.value;
    },
    integers(name) {
      const found = value(name);
      return found?.case === 'list' ? found.value.i : [];
    },
  };
}
