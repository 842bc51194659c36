import { describeMessageBus } from '@bluewaters/testing';
import { InProcessBus } from '../index.js';

describeMessageBus('InProcessBus', async () => {
  let bus: InProcessBus | undefined;
  return { connect: async (onFault) => (bus ??= new InProcessBus(onFault)) };
});
