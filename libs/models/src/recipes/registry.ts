import { CodedError } from '@bluewaters/errors';
import { cifarFast, cifarLong } from './cifar.js';
import { goyal } from './goyal.js';
import { imagenette } from './imagenette.js';
import { lars } from './lars.js';
import type { Recipe } from './recipe.js';
import {
  tfCnnBenchmarks2018,
  tfCnnBenchmarks2018Horovod,
  tfCnnBenchmarks2018Nesterov,
} from './tf-cnn-benchmarks-2018.js';

const RECIPES: readonly Recipe[] = [
  ...[tfCnnBenchmarks2018, tfCnnBenchmarks2018Nesterov, tfCnnBenchmarks2018Horovod],
  ...[goyal, lars, cifarFast, cifarLong, imagenette],
];

/** Every recipe that can be trained by name. */
export function listRecipes(): readonly Recipe[] {
  return RECIPES;
}

/** The recipe of that name. @throws {CodedError} CONFIG_INVALID that lists the known ones. */
export function recipeByName(name: string): Recipe {
  const recipe = RECIPES.find((candidate) => candidate.name === name);
  if (recipe) return recipe;
  throw new CodedError('CONFIG_INVALID', `There is no recipe ${name}`, {
    details: { field: 'recipe', expected: RECIPES.map((known) => known.name).join(' or '), got: name },
  });
}
