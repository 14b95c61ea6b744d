/** Names, cards, policy, deposits and withdrawals: writes that are no envelopes (M4, M7.8). */
import { answer } from "@ams/edge";
import { deposit, type Extra, endWithdrawal, putCard, putPolicy, register } from "@ams/mesh-rules";
import { valueIn } from "../answers.ts";
import { type Context, type Row, readJson, write, writerOf } from "./route.ts";

async function postOp(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const body = await readJson(context.request);
  const { live, isOwner } = context;
  const done = await live.commit((draft) => register(draft, body, accountId, isOwner));
  return answer(201, valueIn(done));
}

async function card(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const body = await readJson(context.request);
  const did = context.segments[1] ?? "";
  const done = await context.live.commit((draft) => putCard(draft, did, body, accountId));
  return answer(200, valueIn(done));
}

async function policy(context: Context): Promise<Response> {
  writerOf(context);
  const body = await readJson(context.request);
  const done = await context.live.commit((draft) => putPolicy(draft, body, context.isOwner));
  return answer(200, valueIn(done));
}

async function deposits(context: Context): Promise<Response> {
  writerOf(context);
  const body = await readJson(context.request);
  return moved(
    valueIn(await context.live.commit((draft) => deposit(draft, body, context.isOwner))),
  );
}

async function withdrawals(context: Context): Promise<Response> {
  writerOf(context);
  const body = await readJson(context.request);
  const id = context.segments[2] ?? "";
  const { live, isOwner } = context;
  return moved(valueIn(await live.commit((draft) => endWithdrawal(draft, id, body, isOwner))));
}

function moved({ isNew, transaction = null }: Extra): Response {
  return answer(isNew === true ? 201 : 200, { transaction });
}

export const operatorRoutes: readonly Row[] = [
  write("POST", ["registry", "ops"], postOp),
  write("PUT", ["agents", "*"], card),
  write("PUT", ["policy"], policy),
  write("POST", ["ledger", "deposits"], deposits),
  write("POST", ["ledger", "withdrawals", "*"], withdrawals),
];
