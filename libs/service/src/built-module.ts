import { fileURLToPath } from 'node:url';

/**
 * The built JavaScript of a module, for a child process to run: Node can't run our TypeScript sources. Tests run from
 * sources and still fork what was built.
 *
 * @param url `new URL('./engine.main.js', import.meta.url)`, from sources or from the build.
 * @returns A path: `…/src/engine.main.js` and `….ts` become `…/dist/engine.main.js`, others stay.
 */
export function builtModule(url: URL): string {
  return fileURLToPath(url).replace(/\/src\/((?:(?!\/(?:src|dist)\/).)*)\.(c?)[jt]s$/u, '/dist/$1.$2js');
}
