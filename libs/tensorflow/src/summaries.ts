/** Summaries: the values within events, in the forms that TensorBoard's plugins take. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { dtypeNumber } from './dtypes.js';
import {
  SummaryMetadataSchema,
  type SummaryMetadata_PluginDataSchema,
  type Summary_ValueSchema,
} from './generated/tensorflow/core/framework/summary_pb.js';
import { TensorProtoSchema } from './generated/tensorflow/core/framework/tensor_pb.js';
import { shapeProto } from './tensor-proto.js';

/** One value of a summary message. */
export type SummaryInit = MessageInitShape<typeof Summary_ValueSchema>;

/** A picture with the size that its bytes decode to. */
export interface EncodedImage {
  /** The bytes of a PNG. */
  readonly png: Uint8Array;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
}

/** Numbers in buckets of equal width, from the least to the greatest. */
export type Histogram = readonly { readonly left: number; readonly right: number; readonly count: number }[];

/** Numbers counted in buckets of equal width. */
export interface CountedBuckets {
  readonly least: number;
  readonly greatest: number;
  /** From least to greatest. */
  readonly counts: readonly number[];
}

const BUCKETS = 30;

/** For the plugin `scalars`. */
export function scalarSummary(tag: string, value: number): SummaryInit {
  const tensor = create(TensorProtoSchema, {
    dtype: dtypeNumber('float32'),
    tensorShape: shapeProto([]),
    floatVal: [value],
  });
  return tensorSummary(tag, { pluginName: 'scalars' }, tensor);
}

/** For the plugin `text`. */
export function textSummary(tag: string, text: string): SummaryInit {
  return tensorSummary(tag, { pluginName: 'text' }, stringTensor([Buffer.from(text)]));
}

/** The plugin takes width and height as strings in front of the pictures. */
export function imageSummary(tag: string, { png, width, height }: EncodedImage): SummaryInit {
  return tensorSummary(
    tag,
    { pluginName: 'images' },
    stringTensor([Buffer.from(String(width)), Buffer.from(String(height)), png]),
  );
}

/** For the plugin `histograms`: rows of left, right and count. */
export function histogramSummary(tag: string, histogram: Histogram): SummaryInit {
  const tensor = create(TensorProtoSchema, {
    dtype: dtypeNumber('float64'),
    tensorShape: shapeProto([histogram.length, 3]),
    doubleVal: histogram.flatMap(({ left, right, count }) => [left, right, count]),
  });
  return tensorSummary(tag, { pluginName: 'histograms' }, tensor);
}

/** Buckets with their bounds. */
export function histogramFrom({ least, greatest, counts }: CountedBuckets): Histogram {
  const width = (greatest - least) / counts.length;
  return counts.map((count, index) => ({ left: least + index * width, right: least + (index + 1) * width, count }));
}

/** Numbers that are not finite are left out; one value alone fills one bucket. */
export function histogramOf(values: ArrayLike<number>): Histogram {
  const { least, greatest, finite } = rangeOf(values);
  if (finite === 0) return [];
  if (least === greatest) return [{ left: least - 0.5, right: greatest + 0.5, count: finite }];
  const width = (greatest - least) / BUCKETS;
  const counts = new Array<number>(BUCKETS).fill(0);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) counts[Math.min(BUCKETS - 1, Math.floor((value - least) / width))]! += 1;
  }
  return counts.map((count, i) => ({ left: least + i * width, right: least + (i + 1) * width, count }));
}

/** One pass without a copy: weights are millions of numbers. */
function rangeOf(values: ArrayLike<number>): { least: number; greatest: number; finite: number } {
  let [least, greatest, finite] = [Infinity, -Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    finite += 1;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return { least, greatest, finite };
}

function stringTensor(strings: Uint8Array[]): MessageInitShape<typeof TensorProtoSchema> {
  return { dtype: dtypeNumber('string'), tensorShape: shapeProto([strings.length]), stringVal: strings };
}

/** A value for one of TensorBoard's plugins. */
export function tensorSummary(
  tag: string,
  pluginData: MessageInitShape<typeof SummaryMetadata_PluginDataSchema>,
  tensor: MessageInitShape<typeof TensorProtoSchema>,
): SummaryInit {
  return { tag, metadata: create(SummaryMetadataSchema, { pluginData }), value: { case: 'tensor', value: tensor } };
}
