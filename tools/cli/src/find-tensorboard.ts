import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CodedError } from '@bluewaters/errors';

const run = promisify(execFile);

/**
 * The command that starts TensorBoard: its own, else as a module of the Python that `BLUEWATERS_PYTHON` names, or of
 * `python3`.
 *
 * @throws {CodedError} TOOL_MISSING.
 */
export async function findTensorboard(environment: NodeJS.ProcessEnv): Promise<[program: string, ...args: string[]]> {
  const candidates: [program: string, ...args: string[]][] = [
    ['tensorboard'],
    ...[environment['BLUEWATERS_PYTHON'], 'python3'].flatMap((python): [string, ...string[]][] =>
      python === undefined ? [] : [[python, '-m', 'tensorboard.main']],
    ),
  ];
  for (const [program, ...args] of candidates) {
    const answers = await run(program, [...args, '--version'], {
      env: { ...environment, PYTHONWARNINGS: 'ignore' },
    }).then(
      () => true,
      () => false,
    );
    if (answers) return [program, ...args];
  }
  throw new CodedError('TOOL_MISSING', 'TensorBoard is not installed; get it by `pip install tensorboard`', {
    details: { expected: 'the command tensorboard, or a python3 that has the package', got: 'neither' },
  });
}
