// Implementation details of chain.h.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "chains/chain/chain.h"

namespace chains {
namespace internal {

std::string ClassName(const std::type_info& type);

// ---- The arguments of Add, by kind.

template <typename A>
struct ArgumentKind {
  static constexpr bool kKnown = false;
  static constexpr bool kConstructor = false;
};
template <typename T>
struct ArgumentKind<Needs<T>> {
  static constexpr bool kKnown = true;
  static constexpr bool kConstructor = true;
  using Parameter = T&;
};
template <typename T>
struct ArgumentKind<SoftNeeds<T>> {
  static constexpr bool kKnown = true;
  static constexpr bool kConstructor = true;
  using Parameter = Soft<T>&;
};
template <typename T>
struct ArgumentKind<Shared<T>> {
  static constexpr bool kKnown = true;
  static constexpr bool kConstructor = true;
  using Parameter = T&;
};
struct SettingKind {
  static constexpr bool kKnown = true;
  static constexpr bool kConstructor = false;
};
template <>
struct ArgumentKind<Resources> : SettingKind {};
template <>
struct ArgumentKind<Autoscaling> : SettingKind {};
template <>
struct ArgumentKind<Limits> : SettingKind {};
template <>
struct ArgumentKind<Settings> : SettingKind {};

template <typename T>
void Apply(ChainletSpec& spec, const Needs<T>& needs) {
  spec.dependencies.push_back({.callee = &OpsOf<T>(),
                               .attempts = needs.attempts,
                               .timeout = needs.timeout,
                               .max_in_flight = needs.max_in_flight,
                               .hedging = needs.hedging,
                               .retry_budget = needs.retry_budget,
                               .circuit = needs.circuit,
                               .balancing = needs.balancing,
                               .url = needs.url,
                               .url_secret = needs.url_secret,
                               .soft = needs.soft});
}
template <typename T>
void Apply(ChainletSpec& spec, const SoftNeeds<T>& soft) {
  Apply(spec, soft.needs);
}
template <typename T>
void Apply(ChainletSpec&, const Shared<T>&) {}
inline void Apply(ChainletSpec& spec, Resources value) { spec.resources = std::move(value); }
inline void Apply(ChainletSpec& spec, Autoscaling value) { spec.autoscaling = value; }
inline void Apply(ChainletSpec& spec, Limits value) { spec.limits = value; }
inline void Apply(ChainletSpec& spec, Settings value) { spec.settings = std::move(value); }

// The types of I's constructor, from the kinds of Add's arguments.
template <typename... T>
struct TypeList {};
template <typename List, typename... A>
struct ParametersOf;
template <typename... P>
struct ParametersOf<TypeList<P...>> {
  using Type = TypeList<P...>;
};
template <typename... P, typename A, typename... More>
requires(ArgumentKind<A>::kConstructor) struct ParametersOf<TypeList<P...>, A, More...>
    : ParametersOf<TypeList<P..., typename ArgumentKind<A>::Parameter>, More...> {
};
template <typename... P, typename A, typename... More>
requires(!ArgumentKind<A>::kConstructor) struct ParametersOf<TypeList<P...>, A, More...>
    : ParametersOf<TypeList<P...>, More...> {
};

template <typename I, typename List>
inline constexpr bool kConstructible = false;
template <typename I, typename... P>
inline constexpr bool kConstructible<I, TypeList<P...>> = std::is_constructible_v<I, P...>;
template <typename I, typename List>
inline constexpr bool kConstructibleWithContext = false;
template <typename I, typename... P>
inline constexpr bool kConstructibleWithContext<I, TypeList<P...>> =
    std::is_constructible_v<I, P..., const DeploymentContext&>;
template <typename I, typename List>
inline constexpr bool kConstructibleContextFirst = false;
template <typename I, typename... P>
inline constexpr bool kConstructibleContextFirst<I, TypeList<P...>> =
    sizeof...(P) > 0 && std::is_constructible_v<I, const DeploymentContext&, P...>;

// ---- The health hook: absl::Status Healthy().

// A class that inherits the name Healthy from two sides does not know which is meant: this finds it
// in I whatever its type and whoever may call it. Of a final class only a public one is found.
struct HasHealthy {
  int Healthy;
};
template <typename I, bool = std::is_final_v<I>>
struct AmbiguousHealthy : I, HasHealthy {};
template <typename I>
struct AmbiguousHealthy<I, true> {};
template <typename I>
concept HasHealthHook = requires {
  &I::Healthy;
}
|| (!std::is_final_v<I> && !requires { &AmbiguousHealthy<I>::Healthy; });
template <typename I>
concept GoodHealthHook = requires(I& i) {
  { i.Healthy() } -> std::same_as<absl::Status>;
};

// ---- Building.

// What stands for one argument when the constructor is called: dependencies come from the list.
template <typename T>
absl::StatusOr<T*> Resolve(const Needs<T>&, const std::vector<void*>& dependencies, size_t& next,
                           const DeploymentContext&) {
  return static_cast<T*>(dependencies[next++]);
}
template <typename T>
absl::StatusOr<std::shared_ptr<Soft<T>>> Resolve(const SoftNeeds<T>&,
                                                 const std::vector<void*>& dependencies,
                                                 size_t& next, const DeploymentContext&) {
  return std::make_shared<Soft<T>>(*static_cast<T*>(dependencies[next++]));
}
template <typename T>
absl::StatusOr<T*> Resolve(const Shared<T>& shared, const std::vector<void*>&, size_t&,
                           const DeploymentContext& context) {
  return shared.Get(context);
}
template <typename A>
auto OnlyConstructorArgument(const A& argument) {
  if constexpr (ArgumentKind<A>::kConstructor) {
    return std::tuple<A>(argument);
  } else {
    return std::tuple<>();
  }
}

template <typename I, typename... P>
std::shared_ptr<I> Construct(const DeploymentContext& context, P&... parameters) {
  if constexpr (std::is_constructible_v<I, P&..., const DeploymentContext&>) {
    return std::make_shared<I>(parameters..., context);
  } else {
    return std::make_shared<I>(parameters...);
  }
}

template <typename I>
Built MakeBuilt(std::shared_ptr<I> implementation) {
  using T = typename I::ChainletContract;
  Built built;
  built.chainlet = static_cast<T*>(implementation.get());
  if constexpr (HasHealthHook<I>) {
    built.healthy = [raw = implementation.get()] { return raw->Healthy(); };
  }
  built.owner = std::move(implementation);
  return built;
}

template <typename I, typename... A>
absl::StatusOr<Built> BuildChainlet(const std::tuple<A...>& arguments,
                                    const std::vector<void*>& dependencies,
                                    const DeploymentContext& context) {
  size_t next = 0;
  absl::Status failed;
  auto resolve = [&](const auto& argument) {
    auto resolved = Resolve(argument, dependencies, next, context);
    failed.Update(resolved.status());
    return resolved.ok() ? *resolved : nullptr;
  };
  // Braces evaluate from left to right, as the dependencies are listed.
  auto pointers =
      std::apply([&](const auto&... each) { return std::tuple{resolve(each)...}; }, arguments);
  if (!failed.ok()) return failed;
  Built built = MakeBuilt<I>(std::apply(
      [&](const auto&... pointer) { return Construct<I>(context, *pointer...); }, pointers));
  // What was made for it goes after it.
  built.owner = std::make_shared<std::pair<decltype(pointers), std::shared_ptr<void>>>(
      std::move(pointers), std::move(built.owner));
  return built;
}

// ---- The rules.

template <typename I, typename... A>
inline constexpr bool kKnown = Chainlet<I> && (ArgumentKind<A>::kKnown && ...);
template <typename I, typename... A>
inline constexpr bool kContextFirst =
    kConstructibleContextFirst<I, typename ParametersOf<TypeList<>, A...>::Type>;
template <typename I, typename... A>
inline constexpr bool kBuilds =
    kConstructible<I, typename ParametersOf<TypeList<>, A...>::Type> ||
    kConstructibleWithContext<I, typename ParametersOf<TypeList<>, A...>::Type>;

template <typename I, typename... A>
Added AddChainlet(ChainSpec& chain, SourceLocation where, A... arguments) {
  // In this order, and nothing else is compiled where one is broken, so that its sentence is the
  // first that a compiler says.
  static_assert(!ChainletContract<I>,
                "chains: Add<I> takes a class that implements a contract, and this is the contract "
                "itself; Declare it, when it is implemented elsewhere");
  static_assert(
      Chainlet<I>,
      "chains: Add<I> takes a class that derives, publicly, from one chainlet class which "
      "protoc-gen-chains wrote for a service of a .proto file");
  static_assert(
      (ArgumentKind<A>::kKnown && ...),
      "chains: Add takes Needs<T>, Softly(Needs<T>), Shared<T>, Resources, Autoscaling, Limits and "
      "Settings");
  ChainletSpec spec;
  spec.where = where;
  if constexpr (kKnown<I, A...> && !ChainletContract<I>) {
    static_assert(!std::is_abstract_v<I>,
                  "chains: this chainlet does not implement every method of its contract, each "
                  "with the signature that its .chains.h declares");
    if constexpr (std::is_abstract_v<I>) {
      static_cast<void>(sizeof(I[1]));  // lets the compiler list what is missing
    } else {
      static_assert(kBuilds<I, A...> || !kContextFirst<I, A...>,
                    "chains: the constructor of a chainlet takes the DeploymentContext last");
      static_assert(
          kBuilds<I, A...> || kContextFirst<I, A...>,
          "chains: the constructor of a chainlet takes what Add lists, in this order and "
          "by reference: a T& for each Needs<T> and Shared<T>, a Soft<T>& for each "
          "Softly(Needs<T>), and perhaps, last, a const DeploymentContext&; nothing else");
      static_assert(!HasHealthHook<I> || GoodHealthHook<I>,
                    "chains: the health hook of a chainlet is absl::Status Healthy(), public and "
                    "without parameters");
      if constexpr (kBuilds<I, A...> && (!HasHealthHook<I> || GoodHealthHook<I>)) {
        spec.contract = &OpsOf<typename I::ChainletContract>();
        spec.implementation = ClassName(typeid(I));
        (Apply(spec, arguments), ...);
        spec.build = [parts = std::tuple_cat(OnlyConstructorArgument(arguments)...)](
                         const std::vector<void*>& dependencies, const DeploymentContext& context) {
          return BuildChainlet<I>(parts, dependencies, context);
        };
      }
    }
  }
  chain.chainlets.push_back(std::move(spec));
  return Added(chain, chain.chainlets.size() - 1);
}

}  // namespace internal

template <typename I>
Added Chain::Add(SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where);
}
template <typename I, typename A>
Added Chain::Add(A a, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a));
}
template <typename I, typename A, typename B>
Added Chain::Add(A a, B b, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a), std::move(b));
}
template <typename I, typename A, typename B, typename C>
Added Chain::Add(A a, B b, C c, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a), std::move(b), std::move(c));
}
template <typename I, typename A, typename B, typename C, typename D>
Added Chain::Add(A a, B b, C c, D d, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a), std::move(b), std::move(c),
                                  std::move(d));
}
template <typename I, typename A, typename B, typename C, typename D, typename E>
Added Chain::Add(A a, B b, C c, D d, E e, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a), std::move(b), std::move(c),
                                  std::move(d), std::move(e));
}
template <typename I, typename A, typename B, typename C, typename D, typename E, typename F>
Added Chain::Add(A a, B b, C c, D d, E e, F f, SourceLocation where) {
  return internal::AddChainlet<I>(spec_, where, std::move(a), std::move(b), std::move(c),
                                  std::move(d), std::move(e), std::move(f));
}

template <typename T>
Added Chain::Declare(SourceLocation where) {
  static_assert(ChainletContract<T>,
                "chains: Declare<T> takes a chainlet class which protoc-gen-chains wrote");
  internal::ChainletSpec spec;
  spec.where = where;
  if constexpr (ChainletContract<T>) spec.contract = &internal::OpsOf<T>();
  spec_.chainlets.push_back(std::move(spec));
  return Added(spec_, spec_.chainlets.size() - 1);
}
template <typename T>
Added Chain::Declare(Resources resources, SourceLocation where) {
  Added added = Declare<T>(where);
  spec_.chainlets.back().resources = std::move(resources);
  return added;
}

}  // namespace chains
