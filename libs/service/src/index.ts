export type { RunningService, ServicePorts } from './service.js';
export { runService, type ServiceDefinition, type ServicePlaces } from './run-service.js';
export { readOptionsFile, resolveOptions, type OptionSources, type OptionsFile } from './options.js';
export { notIn, withoutVariables } from './environment.js';
export { parseFlags } from './flags.js';
export { flagName, nearestName, variableName } from './option-names.js';
export { optionFacts, type OptionFacts, type ValueKind } from './option-types.js';
export { describeOptions } from './usage.js';
export { parseBus, parseStore } from './ports.js';
export { createLogger, LOG_LEVELS, type LogLevel } from './logger.js';
export { createHttpApp, type HttpAppOptions } from './http-app.js';
export { pageFiles } from './page-files.js';
export { listen, type HttpServer, type ListenOptions } from './listen.js';
export { healthRoutes, startHealthServer, type HealthSources } from './health.js';
export { availableCores } from './available-cores.js';
export { builtModule } from './built-module.js';
export { boundToParent, FEW_OBJECTS, forkChild, type ForkedChild, type ForkOptions } from './child.js';
export { createRegistry } from './create-registry.js';
export { loadExpress, loadPrometheus } from './load-late.js';
/** Prometheus metrics, as {@link loadPrometheus} makes them. */
export type { Counter, Gauge, Histogram, Registry } from 'prom-client';
/** The logger that a service is given. */
export type { Logger } from 'pino';
export { ProgressMeter } from './progress-meter.js';
export { inOrder } from './in-order.js';
export { keepTold } from './keep-told.js';
export { cacheDirectory } from './cache-directory.js';
export { onAbort } from './on-abort.js';
export { runChildTask, serveChildTask, type ChildTaskOptions } from './child-task.js';
export {
  escapeHtml,
  htmlFigures,
  htmlPage,
  htmlTable,
  jpegUrl,
  percent,
  type HtmlPage,
  type PageTerms,
} from './html.js';
