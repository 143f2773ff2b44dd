import { type DomainEvent, defineAggregate } from "eventfold";

export type WalletEvent = DomainEvent<"Filled", { coins: number }> | DomainEvent<"Emptied", { coins: number }>;

export type WalletCommand = { fill: number } | { empty: true };

/** In functional style: what a class may do, as three functions. */
export const Wallet = defineAggregate({
  type: "Wallet",
  initialState: () => ({ coins: 0 }),
  decide: (state, command: WalletCommand) => {
    if ("empty" in command) return state.coins === 0 ? [] : [{ type: "Emptied", data: { coins: state.coins } }];
    if (command.fill <= 0) throw new RangeError("Fill with something");
    return [{ type: "Filled", data: { coins: command.fill } }];
  },
  evolve: (state, event: WalletEvent) => {
    switch (event.type) {
      case "Filled":
        return { coins: state.coins + event.data.coins };
      case "Emptied":
        return { coins: state.coins - event.data.coins };
    }
  },
});
