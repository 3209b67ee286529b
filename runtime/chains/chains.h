// All that the author of a chainlet needs: tasks, streams, concurrency, errors, the request's
// context, logs. A chain's main() includes chains/chain/chain.h as well.
#pragma once

#include "chains/chain/deployment_context.h"
#include "chains/chain/log.h"
#include "chains/contract/contract.h"
#include "chains/core/all.h"
#include "chains/core/blocking.h"
#include "chains/core/context.h"
#include "chains/core/gate.h"
#include "chains/core/started.h"
#include "chains/core/stream.h"
#include "chains/core/task.h"
#include "chains/core/timing.h"
