/** The parts into which a dataset is divided; their order is that in which they are told. */
export const SPLITS = ['train', 'validation', 'testing'] as const;
/** See {@link SPLITS}. */
export type Split = (typeof SPLITS)[number];
