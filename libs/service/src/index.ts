export { type RunningService, type ServicePorts } from './service.js';
