// The world as JSON, for the control. Internal to the module. Pure functions.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "sandbox/network.h"

namespace patchbay::sandbox {

boost::json::object state_json(const Network& network);
boost::json::object phone_json(Network& network, Account& account);
boost::json::array faults_json(const FaultBook& faults);
boost::json::object violations_json(const ViolationLog& violations);

}  // namespace patchbay::sandbox
