import { CodedError } from '@bluewaters/errors';
import { listVersions, networkOf, readVersion, type VersionRef } from '@bluewaters/registry';
import type { ObjectStore } from '@bluewaters/storage';
import type { ParentModel } from './line-options.js';

/**
 * The version that `NAME:VERSION` names, or the newest one of `NAME`.
 * @throws {CodedError} MODEL_UNKNOWN when the registry has none; CONFIG_INVALID when nothing was named.
 */
export async function findModel(store: ObjectStore, text: string | undefined): Promise<VersionRef> {
  const [, model, wanted] = /^([^:]+)(?::(\d+))?$/u.exec(text ?? '') ?? [];
  if (model === undefined) throw new CodedError('CONFIG_INVALID', 'Say which model: --model NAME or NAME:VERSION');
  const known = await listVersions(store);
  const version = wanted === undefined ? known.get(model)?.[0] : Number(wanted);
  if (version !== undefined && known.get(model)?.includes(version)) return { model, version };
  const names = [...known].flatMap(([name, versions]) => versions.map((each) => `${name}:${each}`));
  throw new CodedError('MODEL_UNKNOWN', `There is no model ${text}`, {
    details: { field: 'model', expected: names.join(' or ') || 'a registered model', got: text ?? '' },
  });
}

/** What of the options says that a run starts from a model. */
interface FromValues {
  readonly from?: string | undefined;
  readonly freeze?: readonly string[] | undefined;
  readonly fromRate?: number | undefined;
}

/** The model that `--from` names. @throws {CodedError} As {@link findModel}; CONFIG_INVALID for what needs `--from`. */
export async function findParent(store: ObjectStore, values: FromValues): Promise<ParentModel | undefined> {
  if (values.from !== undefined) {
    const found = await findModel(store, values.from);
    const { imageSize } = (await readVersion(store, found)).signature;
    return { ...found, network: await networkOf(store, found), imageSize };
  }
  const idle = (['freeze', 'fromRate'] as const).find((option) => values[option] !== undefined);
  if (idle === undefined) return undefined;
  throw new CodedError('CONFIG_INVALID', 'This needs a model to start from', {
    details: { field: idle, expected: '--from MODEL beside it', got: String(values[idle]) },
  });
}
