import { cacheDirectory } from '@bluewaters/service';
import type { LineContext } from './line.js';

/** The options that the quickstart stands for. */
export interface QuickstartOptions {
  readonly dataset: 'mnist';
  readonly images: string;
  readonly synsets: string;
  readonly words: string;
  readonly validationList: string;
}

/** Writes the complete MNIST once as an ImageNet-style archive, in the store's own folder where it has one. */
export async function prepareQuickstart(context: LineContext): Promise<QuickstartOptions> {
  const { workplace, terminal, signal } = context;
  const directory = workplace.store.localPath('archives/mnist') ?? cacheDirectory('mnist-archive');
  const { writeMnistArchive } = await import('./mnist-archive.js');
  const archive = await writeMnistArchive(directory, {
    signal,
    onProgress: (done, total) => {
      const progress = { phase: 'writing 70,000 digits', done, total, unit: 'images' };
      terminal.progress('archive', {
        job: 'mnist',
        work: 'mnist',
        state: 'running',
        attempt: 1,
        updatedAt: Date.now(),
        progress,
      });
    },
  });
  terminal.endProgress(`  archive: the complete MNIST as an ImageNet-style archive, ${archive.images}`);
  const { images, synsets, words, validation } = archive;
  return { dataset: 'mnist', images, synsets, words, validationList: validation };
}
