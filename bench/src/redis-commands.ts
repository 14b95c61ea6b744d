/** How many commands Redis has been given. */
import { Redis } from "ioredis";

export async function commandsProcessed(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    const stats = await redis.info("stats");
    return Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
  } finally {
    redis.disconnect();
  }
}
