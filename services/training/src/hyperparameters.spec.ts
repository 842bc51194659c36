import { readFileSync } from 'node:fs';
import { Hyperparameters as Schema } from '@bluewaters/messages';
import type { Hyperparameters } from '@bluewaters/models';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';

/** What may be given, its lists as no one changes them. */
type Given<T> = T extends readonly (infer Element)[]
  ? readonly Given<Element>[]
  : T extends object
    ? { readonly [Key in keyof T]: Given<T[Key]> }
    : T;

describe('hyperparameters', () => {
  it('are the same for who asks as for who trains, each with its values', () => {
    // A message knows no network, and a network no messages, so both say what they are; the compiler compares them.
    expectTypeOf<Given<z.input<typeof Schema>>>().toEqualTypeOf<Given<Hyperparameters>>();
  });

  it('are each explained on the page of the recipes', () => {
    const page = readFileSync(new URL('../../../docs/recipes.md', import.meta.url), 'utf8');
    const named = page.slice(page.indexOf('| field'));
    expect(Object.keys(Schema.shape).filter((field) => !named.includes(`\`${field}\``))).toEqual([]);
  });
});
