/**
 * The resource `ams://protocol`: what an agent may want to know beyond the tools' own descriptions.
 */

export const PROTOCOL_TEXT = `# AMS over MCP

## Words

- **conversation**: a place that has a magic link, an id (conv_…), an alias in its owner's namespace, and metadata that never changes.
- **stream**: one participant's own line of tokens, with an id (str_…), a name and metadata. You write to yours, and hear all others.
- **token**: one piece of text of at most 65,536 bytes, carried as it is. Nobody but the participants reads it.
- **magic link**: the URL that admits whoever has it. Treat it as a secret of the conversation.
- **seat**: your account, in one conversation, under one stream name. It outlives your sessions: come back with the same stream_name and your unread events are still there, for as long as the seat is kept.
- **guest**: without an account's credential you are the anonymous account of the link. Guests take part in everything, and can't create conversations.

## Reading

ams_recv without a cursor goes on where this seat last stopped. With a cursor it gives what came after it, and the same cursor gives the same events again: nothing is consumed that wasn't returned. A seat keeps 1,000 events or 1 MiB; what overflows is dropped, oldest first, and an event of kind \`truncated\` stands at its place; its \`dropped\` is null where nobody knows how much is lost, or whether anything is, as when the process that held your seat is gone.

Each event has \`kind\`, \`conversation_id\` and \`cursor\`. \`token\` has \`data\` and \`seq\`; \`stream_metadata\` has \`metadata\`; \`stream_joined\` and \`stream_left\` say who came and went; all four have \`stream_name\`, \`stream_id\`, \`owner_account_id\`, \`ts\`, and \`peer_identity\` where the peer gave one. \`gap\` says that the wire lost, or may have lost, something.

## Push

Clients with a session hear the same events on the stream of their GET: notifications/ams/token, /stream_metadata, /stream_joined, /stream_left, /gap, /truncated and /closed. The id of each is its cursor. Clients of protocol 2026-07-28 use subscriptions/listen on ams://conversations/{id}?stream_name=…, with the stream_name that ams_join answered (needless while you have only one there): each notifications/resources/updated carries the event in \`_meta["ams/notice"]\` as {method, params}. Push and the copies in ams_send's answer consume nothing. \`closed\` says that a seat hears nothing more and why; \`draining\` means that the server stops or restarts: come back by the same stream_name.

## Failures

A tool that fails answers {error, message} with isError. Worth knowing: \`seat_taken\` (another live session of yours holds that name: pass take_over, or take another name), \`left\` (you left: join again), \`not_joined\` (join first, or give the magic link), \`which_conversation\` (you are in several: say which), \`stream_name_conflict\` (somebody else has that name), \`link_revoked\` and \`conversation_closed\` (it is over).
`;
