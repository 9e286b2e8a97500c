// How much of something one turn of a shard may do, so that one connection's work cannot hold up all others.
// No clock: told the turn's number. A value; shard-local like its owner.
#pragma once

#include <cstddef>
#include <cstdint>

namespace patchbay::net {

class TurnBudget {
 public:
  explicit TurnBudget(size_t per_turn) : per_turn_(per_turn) {}

  // Turn `number` goes on, or begins with a full budget.
  void set_turn(uint64_t number) {
    if (number == turn_) return;
    turn_ = number;
    spent_ = 0;
  }
  // Spends `amount`; false, and nothing is spent, when this turn has less left.
  bool spend(size_t amount) {
    if (spent_ > per_turn_ || amount > per_turn_ - spent_) return false;
    spent_ += amount;
    return true;
  }
  // For work whose amount is known only afterwards.
  void charge(size_t amount) { spent_ += amount; }
  bool exhausted() const { return spent_ >= per_turn_; }

 private:
  size_t per_turn_;
  size_t spent_ = 0;
  uint64_t turn_ = UINT64_MAX;
};

}  // namespace patchbay::net
