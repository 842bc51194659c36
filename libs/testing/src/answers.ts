/** Whether an address answers, and well, over HTTP; `false` too where nobody listens there. */
export async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}
