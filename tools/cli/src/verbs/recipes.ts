import { CodedError } from '@bluewaters/errors';
import { Hyperparameters, type SizePhase } from '@bluewaters/messages';
import type { Recipe } from '@bluewaters/models';
import { flagName } from '@bluewaters/service';
import { z } from 'zod';
import { frameOptions } from '../common-options.js';
import { formatTable } from '../terminal.js';
import { defineVerb } from '../verb.js';

const options = z.strictObject({ ...frameOptions });

/** `bluewaters recipes ls` */
export const recipesList = defineVerb({
  options,
  examples: [['$0 recipes ls', 'one line each']],
  run: async (_, { print }) => {
    const { listRecipes } = await import('@bluewaters/models');
    const rows = listRecipes().map(({ name, network, description, result }) => [name, network, result, description]);
    formatTable(['recipe', 'network', 'result', 'what it is'], rows).forEach(print);
    return { recipes: listRecipes() };
  },
});

/** `bluewaters recipes show` */
export const recipesShow = defineVerb({
  options,
  examples: [['$0 recipes show goyal', 'with the defaults of what it leaves out']],
  run: async (_, { print, words }) => {
    const [name, ...others] = words;
    if (name === undefined || others.length > 0) {
      throw new CodedError('CONFIG_INVALID', 'Say which recipe: one name is missing', {
        details: { field: 'NAME', expected: 'one name', got: words.join(' ') || 'none' },
      });
    }
    const { recipeByName } = await import('@bluewaters/models');
    const recipe = recipeByName(name);
    const hyperparameters = Hyperparameters.parse(recipe.hyperparameters);
    describe(recipe, hyperparameters).forEach(print);
    return { ...recipe, hyperparameters };
  },
});

function describe(recipe: Recipe, hyperparameters: Hyperparameters): string[] {
  const { name, description, source, cost, result } = recipe;
  const facts = { source, cost, result, network: recipe.network };
  const flags = Object.entries(hyperparameters).map(([option, value]) => [
    `--${flagName(option)}`,
    Array.isArray(value) ? value.map(textOf).join(',') || 'none' : String(value),
  ]);
  return [`${name}: ${description}`, ...formatTable(['', ''], [...Object.entries(facts), ...flags]).slice(2)];
}

/** One of several values, as its option takes it. */
function textOf(value: string | number | SizePhase): string {
  return typeof value === 'object' ? `${value.imageSize}:${value.untilEpoch}` : String(value);
}
