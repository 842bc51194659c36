import { z } from 'zod';

/** Who acts, by the name of an account: it is a part of keys, and what a grant in a directory lets in. */
export const Person = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, '1 to 64 of A-Z a-z 0-9 . _ -, starting with a letter or digit');

/** `terms.json`: a dataset has terms of access. While there is none, whoever reaches the store may use the dataset. */
export const Terms = z.strictObject({
  format: z.literal('bluewaters.terms.v1'),
  dataset: z.string(),
  /** Of the text of the terms; acceptances and grants are of this text, and lapse with it. */
  sha256: z.string(),
  /** Who keeps the dataset: grants, revokes, and sets other terms. */
  custodian: Person,
  /** When this text was set. */
  since: z.iso.datetime(),
});
/** See {@link Terms:variable}. */
export type Terms = z.infer<typeof Terms>;

/** `accepted/PERSON.json`: a person has accepted a text of terms; written once. */
export const Acceptance = z.strictObject({
  format: z.literal('bluewaters.acceptance.v1'),
  dataset: z.string(),
  /** Of the text that was accepted. */
  sha256: z.string(),
  person: Person,
  /** In full, as it would be under a contract. */
  name: z.string().min(1).max(200),
  acceptedAt: z.iso.datetime(),
  /** Who entered it: the person, or the custodian for someone who cannot write to the store. */
  enteredBy: Person,
  /** The signed terms, or a picture of them: a PDF, PNG or JPEG. */
  evidence: z.strictObject({
    key: z.string(),
    sha256: z.string(),
    /** In bytes. */
    size: z.int().positive(),
  }),
});
/** See {@link Acceptance:variable}. */
export type Acceptance = z.infer<typeof Acceptance>;

/** `granted/PERSON.json`: the custodian lets a person use the dataset; stays as a record when it is revoked. */
export const Grant = z.strictObject({
  format: z.literal('bluewaters.grant.v1'),
  dataset: z.string(),
  /** Of the text that the person had accepted. */
  sha256: z.string(),
  person: Person,
  grantedBy: Person,
  grantedAt: z.iso.datetime(),
  revoked: z.strictObject({ by: Person, at: z.iso.datetime() }).optional(),
});
/** See {@link Grant:variable}. */
export type Grant = z.infer<typeof Grant>;

/** `restricted.json`: the folder that it lies in shows pictures of a dataset with terms, and is under them too. */
export const Restriction = z.strictObject({
  format: z.literal('bluewaters.restriction.v1'),
  dataset: z.string(),
  /** Of the text of the terms. */
  sha256: z.string(),
  custodian: Person,
});
/** See {@link Restriction:variable}. */
export type Restriction = z.infer<typeof Restriction>;
