import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { learningRate, listRecipes, networkByName, recipeByName } from '../index.js';

/** The rows of the table of recipes in docs/recipes.md, cell by cell. */
function documentedRecipes(): string[][] {
  const page = readFileSync(new URL('../../../../docs/recipes.md', import.meta.url), 'utf8');
  const [table = ''] = page.slice(page.indexOf('| recipe')).split('\n\n');
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('recipes', () => {
  it('are each in docs/recipes.md with their network, cost and result, and no other is', () => {
    expect(documentedRecipes().map(([name, network, , cost, result]) => [name, network, cost, result])).toEqual(
      listRecipes().map(({ name, network, cost, result }) => [`\`${name}\``, network, cost, result]),
    );
  });

  it.each(listRecipes().map((recipe) => [recipe.name, recipe] as const))(
    '%s names a network that there is, and rates that stay finite and end below the peak or at it',
    (_, { network, hyperparameters }) => {
      expect(() => networkByName(network)).not.toThrow();
      const totalSteps = 10 * hyperparameters.epochs;
      const rate = learningRate(hyperparameters, { stepsPerEpoch: 10, totalSteps });
      const rates = Array.from({ length: totalSteps }, (_unused, step) => rate(step));
      expect(rates.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
      expect(rates.at(-1)).toBeLessThanOrEqual(Math.max(...rates));
      // The original's error was a factor that let it rise.
      const peak = rates.indexOf(Math.max(...rates));
      expect(rates.slice(peak).every((value, i, all) => i === 0 || value <= all[i - 1]!)).toBe(true);
    },
  );

  it('are found by name, and an unknown one is refused with those that there are', () => {
    expect(recipeByName('goyal').network).toBe('resnet-50');
    expect(() => recipeByName('goyle')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('cifar-fast') as string }),
    );
  });
});
