import v8 from 'node:v8';

/** A child for tests: does what its first argument says. */
const doings = {
  answer: () => process.on('message', (message) => process.send({ ...message, env: pick(process.env) })),
  finish: () => {},
  keep: () => {
    const kept = [];
    for (let i = 0; i < 1e6; i += 1) kept.push({ i });
    process.send(v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size);
  },
  fail: () => {
    process.stderr.write('line one\nline two\n', () => process.exit(3));
  },
  deaf: () => {
    process.on('SIGTERM', () => {});
    process.send('deaf');
    setInterval(() => {}, 1000);
  },
};

function pick({ UV_THREADPOOL_SIZE, TF_ENABLE_ONEDNN_OPTS, TF_CPP_MIN_LOG_LEVEL, EXTRA }) {
  return { UV_THREADPOOL_SIZE, TF_ENABLE_ONEDNN_OPTS, TF_CPP_MIN_LOG_LEVEL, EXTRA };
}

doings[process.argv[2]]();
