import type { RunRecord } from '@bluewaters/messages';
import { lineChart, type Curve } from '../../report/line-chart.js';
import type { CurvePoint } from '../watched.js';
import type { SeenEvaluation } from './history.js';

/** Draws what is known of a run over its steps, as the report of a run does; charts without a point are left out. */
export function runCharts(points: readonly CurvePoint[], evaluations: readonly SeenEvaluation[]): string[] {
  const over = (name: string, y: (point: CurvePoint) => number | undefined): Curve => {
    const known = points.map((point) => ({ x: point.step, y: y(point) }));
    return { name, points: known.flatMap(({ x, y }) => (y === undefined ? [] : [{ x, y }])) };
  };
  const share = (name: 'top1' | 'top5', title: string): Curve => ({
    name: title,
    points: evaluations.map(({ step, evaluation }) => ({ x: step, y: 100 * evaluation[name] })),
  });
  const milliseconds = (name: keyof CurvePoint['seconds']): Curve => over(name, ({ seconds }) => 1000 * seconds[name]);
  const charts: [title: string, curves: Curve[]][] = [
    ['Loss', [over('loss', ({ loss }) => loss)]],
    ['Images a second', [over('images a second', ({ imagesPerSecond }) => imagesPerSecond)]],
    ['Accuracy, %', [share('top1', 'top-1'), share('top5', 'top-5')]],
    ['Time of a step, ms', [milliseconds('input'), milliseconds('compute'), milliseconds('reduce')]],
  ];
  return charts
    .filter(([, curves]) => curves.some((curve) => curve.points.length > 0))
    .map(([title, curves]) => lineChart(title, curves));
}

/** The evaluations heard of, and the best one, which a run's record tells also of those before. */
export function withBest(evaluations: readonly SeenEvaluation[], best: RunRecord['best']): readonly SeenEvaluation[] {
  if (!best || evaluations.some(({ step }) => step === best.step)) return evaluations;
  return [...evaluations, best].sort((a, b) => a.step - b.step);
}
