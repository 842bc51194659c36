/**
 * Traces: what every operation of a run did, as the JSON that Perfetto (ui.perfetto.dev) and chrome://tracing show.
 * The format is Google's "Trace Event Format": a process for each device, a row for each operation that ran at the same
 * time as others, times in microseconds.
 */
import type { TensorDescription } from './generated/tensorflow/core/framework/tensor_description_pb.js';
import type { DeviceStepStats, NodeExecStats } from './generated/tensorflow/core/framework/step_stats_pb.js';
import { DataType } from './generated/tensorflow/core/framework/types_pb.js';
import type { RunMetadata } from './generated/tensorflow/core/protobuf/config_pb.js';
import { dtypeOfNumber } from './dtypes.js';
import { describeShape } from './shape.js';
import { shapeOfProto } from './tensor-proto.js';

/** One run of a trace. */
export interface TracedStep {
  /** What it is called in the picture: 'step 10'. */
  readonly name: string;
  /** What `session.trace` gave. */
  readonly metadata: RunMetadata;
}

/** One event; `ph` is its phase: X a span, C a counter, M a name. */
interface TraceEvent {
  readonly ph: 'X' | 'C' | 'M';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** A span of time in microseconds since the trace began, which is to find a row without others at that time. */
interface Span {
  readonly node: NodeExecStats;
  readonly ts: number;
  readonly dur: number;
}

/** The rows of a device: until when each is taken. */
type Lanes = number[];

const STEPS_PROCESS = 0;

/**
 * The trace of one or more runs, as text for a file.
 *
 * @param steps In the order in which they ran.
 */
export function chromeTrace(steps: readonly TracedStep[]): string {
  const startNanos = smallest(steps.flatMap(({ metadata }) => nodesOf(metadata).map((node) => node.allStartNanos)));
  const devices = [...new Set(steps.flatMap(({ metadata }) => devicesOf(metadata).map(({ device }) => device)))];
  const lanes = devices.map((): Lanes => []);
  const traceEvents = [
    ...nameProcess(STEPS_PROCESS, 'steps'),
    ...devices.flatMap((device, i) => nameProcess(i + 1, device)),
    ...steps.flatMap(({ name, metadata }) => [
      ...stepEvents(name, metadata, startNanos),
      ...devicesOf(metadata).flatMap((stats) => {
        const index = devices.indexOf(stats.device);
        return deviceEvents(stats, { pid: index + 1, startNanos, lanes: lanes[index]! });
      }),
    ]),
  ];
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents })}\n`;
}

function devicesOf(metadata: RunMetadata): readonly DeviceStepStats[] {
  return metadata.stepStats?.devStats ?? [];
}

function nodesOf(metadata: RunMetadata): NodeExecStats[] {
  return devicesOf(metadata).flatMap(({ nodeStats }) => nodeStats);
}

function nameProcess(pid: number, name: string): TraceEvent[] {
  return [
    { ph: 'M', name: 'process_name', pid, tid: 0, args: { name } },
    { ph: 'M', name: 'process_sort_index', pid, tid: 0, args: { sort_index: pid } },
  ];
}

/** The step as a whole, above its operations. */
function stepEvents(name: string, metadata: RunMetadata, startNanos: bigint): TraceEvent[] {
  const spans = nodesOf(metadata).map((node) => spanOf(node, startNanos));
  if (spans.length === 0) return [];
  const ts = Math.min(...spans.map((span) => span.ts));
  const dur = Math.max(...spans.map((span) => span.ts + span.dur)) - ts;
  return [{ ph: 'X', name, cat: 'step', pid: STEPS_PROCESS, tid: 0, ts, dur }];
}

interface Place {
  readonly pid: number;
  readonly startNanos: bigint;
  readonly lanes: Lanes;
}

function deviceEvents({ nodeStats }: DeviceStepStats, { pid, startNanos, lanes }: Place): TraceEvent[] {
  const spans = nodeStats.map((node) => spanOf(node, startNanos)).sort((a, b) => a.ts - b.ts);
  const operations = spans.map((span) => operationEvent(span, pid, freeLane(lanes, span)));
  return [...operations, ...memoryEvents(nodeStats, pid, startNanos)];
}

function spanOf(node: NodeExecStats, startNanos: bigint): Span {
  return { node, ts: Number(node.allStartNanos - startNanos) / 1000, dur: Number(node.allEndRelNanos) / 1000 };
}

function freeLane(lanes: Lanes, { ts, dur }: Span): number {
  const free = lanes.findIndex((takenUntil) => takenUntil <= ts);
  const lane = free < 0 ? lanes.length : free;
  lanes[lane] = ts + dur;
  return lane;
}

function operationEvent({ node, ts, dur }: Span, pid: number, tid: number): TraceEvent {
  const { type, inputs } = readLabel(node);
  const outputs = node.output.flatMap(({ tensorDescription }) => describeTensor(tensorDescription));
  const args = { name: node.nodeName, op: type, inputs, outputs };
  return { ph: 'X', name: type, cat: 'operation', pid, tid, ts, dur, args };
}

/** TensorFlow's label is 'name = Type(input, input)'; that of a copy between devices has other words. */
function readLabel({ nodeName, timelineLabel }: NodeExecStats): { type: string; inputs: string[] } {
  const { type, inputs } = /^\S+ = (?<type>\w+)\((?<inputs>[^)]*)\)/.exec(timelineLabel)?.groups ?? {};
  return { type: type ?? nodeName, inputs: inputs ? inputs.split(', ') : [] };
}

function describeTensor(tensor: TensorDescription | undefined): string[] {
  if (!tensor) return [];
  const dtype = tensor.dtype === DataType.DT_INVALID ? 'unknown' : dtypeOfNumber(tensor.dtype);
  return [`${dtype}${describeShape(shapeOfProto(tensor.shape))}`];
}

/** How much memory the operations of a step took from each allocator and had not given back, over time. */
function memoryEvents(nodes: readonly NodeExecStats[], pid: number, startNanos: bigint): TraceEvent[] {
  const used = nodes.flatMap(({ memory }) => memory);
  return [...new Set(used.map(({ allocatorName }) => allocatorName))].flatMap((allocator) => {
    const records = used.filter(({ allocatorName }) => allocatorName === allocator).flatMap((m) => m.allocationRecords);
    let bytes = 0;
    return records
      .sort((a, b) => Number(a.allocMicros - b.allocMicros))
      .map(({ allocMicros, allocBytes }): TraceEvent => {
        bytes += Number(allocBytes);
        const ts = Number(allocMicros) - Number(startNanos) / 1000;
        return { ph: 'C', name: `${allocator} memory`, pid, tid: 0, ts, args: { bytes } };
      });
  });
}

function smallest(values: readonly bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least), values[0] ?? 0n);
}
