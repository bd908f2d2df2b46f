import type { AsyncTransform, TeardownContext, TransformContext } from "millrace";
import { createHttp, type Http, path, statusOf } from "millrace/http";

interface Id {
  readonly id: number;
}

interface User extends Id {
  readonly name: string;
  readonly country: string;
}

/** One client a thread: its connections are kept alive, and what may pass is tried again. */
export const setup = (): Promise<Http> => {
  const url = process.env["USERS_URL"] ?? "http://127.0.0.1:8080";
  return createHttp({ url, concurrency: 100, timeout: "5s", retry: { for: "2s" } });
};
export const teardown = ({ resources }: TeardownContext<Http>) => resources[Symbol.asyncDispose]();

const transform: AsyncTransform<Id, User, Http> = async ({ id }, context) => {
  const { resources: api, signal } = context;
  try {
    return await api.getJson<User>(path`users/${id}`, { signal });
  } catch (error) {
    return handleFetchError(error, context);
  }
};
export default transform;

/** What becomes of a record whose user could not be fetched: left out, or kept as a reject, with a reason. */
function handleFetchError(error: unknown, context: TransformContext): null {
  switch (statusOf(error)) {
    case 403:
      return null; // not ours to see
    case 404:
      return context.reject("no such user");
    default:
      throw error; // a reject too, with what the server said
  }
}
