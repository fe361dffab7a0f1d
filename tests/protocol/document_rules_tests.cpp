// SPDX-License-Identifier: Apache-2.0
// The promises of a document's life: each command in each phase, allowed and refused.
#include "actors/document/rules.hpp"

#include "protocol/assert.hpp"
#include "tests/support/given.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace dossier::document {

using testing::folded;
using testing::given;
using testing::t0;

namespace document_rules_tests {

const policy two_leads{{3600, 60}, seconds{900}, seconds{86'400}};

create asking(std::optional<timestamp> expiry = {}) {
  return {"acme", "invoice", "a b.pdf", "application/pdf", expiry, {}, {}};
}

/// What creating with asking(expiry) at t0 under two_leads records.
created born(std::optional<timestamp> expiry = {}) {
  return {"acme",    "invoice", "a b.pdf", "application/pdf", "20261121055350_0badcafe_a b.pdf",
          expiry,    {},        {},        t0 + seconds{900}, t0 + seconds{86'400},
          {3600, 60}};
}

created born_declaring(std::optional<std::uint64_t> size_bytes,
                       std::optional<sha256_digest> sha256) {
  created e = born();
  e.size_bytes = size_bytes;
  e.sha256 = sha256;
  return e;
}

const content_stored stored{sha256_of("abc"), 3};
const uploaded confirmed{"acme", "invoice", "20261121055350_0badcafe_a b.pdf", sha256_of("abc"), 3};
constexpr timestamp in_2_hours = t0 + seconds{7200};

expiring announced(timestamp expiry, std::int64_t lead_s) {
  return {"acme", "invoice", expiry, lead_s};
}
expired over(timestamp expiry, bool was_uploaded) {
  return {"acme", "invoice", expiry, was_uploaded};
}
fire_timer firing(timestamp due, std::string name) {
  return {std::move(name), due};
}
change to_expiry(std::optional<timestamp> expiry) {
  return {{}, expiry, {}, {}};
}

const view& checked(const view& v) {
  BOOST_TEST(v.customer == "acme");
  BOOST_TEST(v.file_name == "a b.pdf");
  BOOST_TEST(v.content_type == "application/pdf");
  BOOST_TEST((v.created_at == t0));
  return v;
}

} // namespace document_rules_tests

BOOST_AUTO_TEST_SUITE(document_rules_tests)

// Creating.

BOOST_AUTO_TEST_CASE(creating_grants_an_upload_and_names_the_blob) {
  given().under(two_leads).when(asking()).then({born()});
  given().under(two_leads).when(asking(in_2_hours)).then({born(in_2_hours)});
}

BOOST_AUTO_TEST_CASE(creating_keeps_what_was_declared) {
  create c = asking();
  c.size_bytes = 3;
  c.sha256 = sha256_of("abc");
  given().under(two_leads).when(c).then({born_declaring(3, sha256_of("abc"))});
}

BOOST_AUTO_TEST_CASE(creating_with_an_expiry_that_is_not_ahead_is_refused) {
  given().when(asking(t0)).refused(errc::invalid_argument, "/expiryDate");
  given().when(asking(t0 - milliseconds{1})).refused(errc::invalid_argument, "/expiryDate");
  given().when(asking(timestamp{})).refused(errc::invalid_argument, "/expiryDate");
}

BOOST_AUTO_TEST_CASE(a_life_shorter_than_a_lead_is_announced_at_once) {
  const auto soon = t0 + seconds{30};
  given().under(two_leads).when(asking(soon)).then({born(soon), announced(soon, 60)});
}

BOOST_AUTO_TEST_CASE(only_the_tightest_passed_lead_is_announced_at_once) {
  const auto between = t0 + seconds{1800};
  given().under(two_leads).when(asking(between)).then({born(between), announced(between, 3600)});
  const auto exactly = t0 + seconds{60};
  given().under(two_leads).when(asking(exactly)).then({born(exactly), announced(exactly, 60)});
  const auto just_over = t0 + seconds{3600} + milliseconds{1};
  given().under(two_leads).when(asking(just_over)).then({born(just_over)});
}

BOOST_AUTO_TEST_CASE(without_leads_nothing_is_announced_at_once) {
  created e = born(t0 + seconds{1});
  e.leads_s = {};
  given().under({{}, seconds{900}, seconds{86'400}}).when(asking(t0 + seconds{1})).then({e});
}

BOOST_AUTO_TEST_CASE(creating_what_exists_or_existed_is_refused) {
  given(born()).when(asking()).refused(errc::conflict);
  given(born(), stored, confirmed).when(asking()).refused(errc::conflict);
  given(born(), removed{"acme", "invoice", false}).when(asking()).refused(errc::conflict);
}

// Storing content.

BOOST_AUTO_TEST_CASE(content_is_stored_and_replaced_until_confirmed) {
  const content_stored other{sha256_of("abcd"), 4};
  given(born()).when(store_content{stored.sha256, 3}).then({stored});
  given(born(), stored).when(store_content{other.sha256, 4}).then({other});
  given(born(), stored, other).when(store_content{stored.sha256, 3}).then({stored});
  given(born(), stored, confirmed).when(store_content{other.sha256, 4}).refused(errc::conflict);
}

BOOST_AUTO_TEST_CASE(storing_the_same_content_again_changes_nothing) {
  given(born(), stored).when(store_content{stored.sha256, 3}).changes_nothing();
}

BOOST_AUTO_TEST_CASE(content_must_be_what_was_declared) {
  const store_content abc{sha256_of("abc"), 3};
  const content_stored event{abc.sha256, 3};
  given(born_declaring(3, {})).when(abc).then({event});
  given(born_declaring({}, abc.sha256)).when(abc).then({event});
  given(born_declaring(3, abc.sha256)).when(abc).then({event});
  given(born_declaring(4, {})).when(abc).refused(errc::content_mismatch);
  given(born_declaring(0, {})).when(abc).refused(errc::content_mismatch);
  given(born_declaring({}, sha256_of("x"))).when(abc).refused(errc::content_mismatch);
  given(born_declaring(3, sha256_of("x"))).when(abc).refused(errc::content_mismatch);
}

BOOST_AUTO_TEST_CASE(content_of_an_absent_or_ended_document_is_refused) {
  const store_content abc{sha256_of("abc"), 3};
  given().when(abc).refused(errc::not_found);
  given(born(), removed{"acme", "invoice", false}).when(abc).refused(errc::gone);
  given(born(in_2_hours)).at(in_2_hours - milliseconds{1}).when(abc).then({stored});
  given(born(in_2_hours)).at(in_2_hours).when(abc).refused(errc::gone);
  given(born(in_2_hours), stored, confirmed).at(in_2_hours).when(abc).refused(errc::gone);
}

// Confirming.

BOOST_AUTO_TEST_CASE(confirming_stored_content_uploads_it) {
  const auto after = given(born(), stored).when(confirm_upload{}).then({confirmed});
  BOOST_TEST(std::holds_alternative<active>(after));
}

BOOST_AUTO_TEST_CASE(confirming_without_content_is_refused) {
  given(born()).when(confirm_upload{}).refused(errc::conflict);
  given(born_declaring(3, sha256_of("abc"))).when(confirm_upload{}).refused(errc::conflict);
}

BOOST_AUTO_TEST_CASE(confirming_again_changes_nothing) {
  given(born(), stored, confirmed).when(confirm_upload{}).changes_nothing();
}

BOOST_AUTO_TEST_CASE(confirming_an_absent_or_ended_document_is_refused) {
  given().when(confirm_upload{}).refused(errc::not_found);
  given(born(), stored, removed{"acme", "invoice", false})
    .when(confirm_upload{})
    .refused(errc::gone);
  given(born(in_2_hours), stored).at(in_2_hours).when(confirm_upload{}).refused(errc::gone);
  given(born(in_2_hours), stored, confirmed)
    .at(in_2_hours)
    .when(confirm_upload{})
    .refused(errc::gone);
}

BOOST_AUTO_TEST_CASE(an_upload_may_be_confirmed_late_as_long_as_it_was_not_abandoned) {
  given(born(), stored).at(t0 + seconds{100'000}).when(confirm_upload{}).then({confirmed});
}

// Changing.

BOOST_AUTO_TEST_CASE(only_what_differs_is_recorded) {
  const auto pending_one = given(born(in_2_hours));
  pending_one.when(change{{}, {}, "b.pdf", {}}).then({changed{{}, "b.pdf", {}}});
  pending_one.when(change{{}, {}, {}, "receipt"}).then({changed{{}, {}, "receipt"}});
  pending_one.when(change{{}, in_2_hours, "b.pdf", "invoice"}).then({changed{{}, "b.pdf", {}}});
  pending_one.when(change{}).changes_nothing();
  pending_one.when(change{1, in_2_hours, "a b.pdf", "invoice"}).changes_nothing();
  given(born()).when(to_expiry({})).changes_nothing();
  given(born(in_2_hours), stored, confirmed)
    .when(change{3, {}, "b.pdf", {}})
    .then({changed{{}, "b.pdf", {}}});
}

BOOST_AUTO_TEST_CASE(changing_another_version_is_refused) {
  given(born()).when(change{1, {}, "b", {}}).then({changed{{}, "b", {}}});
  given(born()).when(change{0, {}, "b", {}}).refused(errc::precondition_failed, "If-Match");
  given(born()).when(change{2, {}, "b", {}}).refused(errc::precondition_failed, "If-Match");
  given(born()).when(change{2, {}, {}, {}}).refused(errc::precondition_failed, "If-Match");
  given(born(), stored, confirmed)
    .when(change{2, {}, "b", {}})
    .refused(errc::precondition_failed, "If-Match");
}

BOOST_AUTO_TEST_CASE(a_new_expiry_must_be_ahead) {
  given(born()).when(to_expiry(t0)).refused(errc::invalid_argument, "/expiryDate");
  given(born(in_2_hours))
    .at(t0 + seconds{10})
    .when(to_expiry(t0 + seconds{10}))
    .refused(errc::invalid_argument, "/expiryDate");
  given(born(in_2_hours))
    .at(t0 + seconds{10})
    .when(to_expiry(t0 + seconds{10} + milliseconds{1}))
    .then({changed{t0 + seconds{10} + milliseconds{1}, {}, {}},
           announced(t0 + seconds{10} + milliseconds{1}, 60)});
}

BOOST_AUTO_TEST_CASE(a_changed_expiry_is_announced_anew) {
  const auto later = t0 + seconds{10'000};
  const auto sooner = t0 + seconds{1800};
  const auto after = given(born(in_2_hours), announced(in_2_hours, 3600), announced(in_2_hours, 60))
                       .when(to_expiry(later))
                       .then({changed{later, {}, {}}});
  BOOST_TEST((timers_of(after)
              == std::vector<timer>{{later - seconds{3600}, "expiring:3600"},
                                    {later - seconds{60}, "expiring:60"},
                                    {later, "expired"}}));
  const auto covered = given(born(in_2_hours))
                         .when(to_expiry(sooner))
                         .then({changed{sooner, {}, {}}, announced(sooner, 3600)});
  BOOST_TEST((timers_of(covered)
              == std::vector<timer>{{sooner - seconds{60}, "expiring:60"}, {sooner, "expired"}}));
}

BOOST_AUTO_TEST_CASE(an_announcement_at_once_carries_the_changed_type) {
  const auto sooner = t0 + seconds{1800};
  given(born())
    .when(change{{}, sooner, {}, "receipt"})
    .then({changed{sooner, {}, "receipt"}, expiring{"acme", "receipt", sooner, 3600}});
}

BOOST_AUTO_TEST_CASE(a_removed_expiry_takes_its_timers_along) {
  const changed without{std::optional<timestamp>{}, {}, {}};
  const auto confirmed_one
    = given(born(in_2_hours), stored, confirmed).when(to_expiry({})).then({without});
  BOOST_TEST(timers_of(confirmed_one).empty());
  const auto pending_one = given(born(in_2_hours)).when(to_expiry({})).then({without});
  BOOST_TEST((timers_of(pending_one) == std::vector<timer>{{t0 + seconds{86'400}, "abandoned"}}));
}

BOOST_AUTO_TEST_CASE(changing_an_absent_or_ended_document_is_refused) {
  const change renaming{{}, {}, "b", {}};
  given().when(renaming).refused(errc::not_found);
  given(born(), removed{"acme", "invoice", false}).when(renaming).refused(errc::gone);
  given(born(in_2_hours), over(in_2_hours, false)).when(renaming).refused(errc::gone);
  given(born(in_2_hours)).at(in_2_hours).when(renaming).refused(errc::gone);
}

BOOST_AUTO_TEST_CASE(an_expiry_that_has_come_cannot_be_moved_any_more) {
  given(born(in_2_hours))
    .at(in_2_hours)
    .when(to_expiry(in_2_hours + seconds{100}))
    .refused(errc::gone);
  given(born(in_2_hours)).at(in_2_hours).when(to_expiry({})).refused(errc::gone);
}

// Removing.

BOOST_AUTO_TEST_CASE(removing_ends_what_lives) {
  given(born()).when(remove{}).then({removed{"acme", "invoice", false}});
  given(born(), stored).when(remove{}).then({removed{"acme", "invoice", false}});
  given(born(), stored, confirmed).when(remove{}).then({removed{"acme", "invoice", true}});
  given(born(in_2_hours)).at(in_2_hours).when(remove{}).then({removed{"acme", "invoice", false}});
}

BOOST_AUTO_TEST_CASE(removing_again_changes_nothing) {
  given(born(), removed{"acme", "invoice", false}).when(remove{}).changes_nothing();
  given(born(in_2_hours), over(in_2_hours, false)).when(remove{}).changes_nothing();
  given(born(), abandoned{"acme", "invoice"}).when(remove{}).changes_nothing();
}

BOOST_AUTO_TEST_CASE(removing_an_absent_document_is_refused) {
  given().when(remove{}).refused(errc::not_found);
}

// Timers coming due.

BOOST_AUTO_TEST_CASE(a_due_lead_is_announced_once) {
  const auto due = in_2_hours - seconds{3600};
  const auto after = given(born(in_2_hours))
                       .at(due)
                       .when(firing(due, "expiring:3600"))
                       .then({announced(in_2_hours, 3600)});
  BOOST_TEST(
    (timers_of(after)
     == std::vector<timer>{{in_2_hours - seconds{60}, "expiring:60"}, {in_2_hours, "expired"}}));
  given(born(in_2_hours), announced(in_2_hours, 3600))
    .at(due)
    .when(firing(due, "expiring:3600"))
    .changes_nothing();
}

BOOST_AUTO_TEST_CASE(leads_that_fire_late_and_out_of_order_are_announced_once_each_in_order) {
  const auto due = in_2_hours - seconds{60};
  given(born(in_2_hours))
    .at(due + seconds{5})
    .when(firing(due, "expiring:60"))
    .then({announced(in_2_hours, 3600), announced(in_2_hours, 60)});
}

BOOST_AUTO_TEST_CASE(a_document_expires_to_the_millisecond) {
  const auto announced_one = given(born(in_2_hours), stored, confirmed, announced(in_2_hours, 3600),
                                   announced(in_2_hours, 60));
  auto early = announced_one;
  early.at(in_2_hours - milliseconds{1}).when(firing(in_2_hours, "expired")).changes_nothing();
  auto due = announced_one;
  const auto after
    = due.at(in_2_hours).when(firing(in_2_hours, "expired")).then({over(in_2_hours, true)});
  BOOST_TEST((std::get<ended>(after).how == status::expired));
}

BOOST_AUTO_TEST_CASE(leads_still_pending_at_the_end_are_announced_before_it) {
  given(born(in_2_hours))
    .at(in_2_hours + seconds{1000})
    .when(firing(in_2_hours, "expired"))
    .then({announced(in_2_hours, 3600), announced(in_2_hours, 60), over(in_2_hours, false)});
  given(born(in_2_hours), stored, confirmed, announced(in_2_hours, 3600))
    .at(in_2_hours)
    .when(firing(in_2_hours, "expired"))
    .then({announced(in_2_hours, 60), over(in_2_hours, true)});
}

BOOST_AUTO_TEST_CASE(covered_leads_are_not_announced_later) {
  const auto soon = t0 + seconds{30};
  given(born(soon), announced(soon, 60))
    .at(soon)
    .when(firing(soon, "expired"))
    .then({over(soon, false)});
}

BOOST_AUTO_TEST_CASE(timers_before_their_time_change_nothing) {
  const auto due = in_2_hours - seconds{60};
  given(born(in_2_hours))
    .at(due - milliseconds{1})
    .when(firing(due, "expiring:60"))
    .changes_nothing();
  const auto end = t0 + seconds{86'400};
  given(born()).at(end - milliseconds{1}).when(firing(end, "abandoned")).changes_nothing();
}

BOOST_AUTO_TEST_CASE(timers_of_an_earlier_expiry_change_nothing) {
  const auto later = in_2_hours + seconds{10'000};
  auto moved = given(born(in_2_hours), changed{later, {}, {}});
  moved.at(in_2_hours).when(firing(in_2_hours, "expired")).changes_nothing();
  moved.when(firing(in_2_hours - seconds{60}, "expiring:60")).changes_nothing();
  auto without = given(born(in_2_hours), changed{std::optional<timestamp>{}, {}, {}});
  without.at(in_2_hours).when(firing(in_2_hours, "expired")).changes_nothing();
}

BOOST_AUTO_TEST_CASE(timers_of_any_other_name_change_nothing) {
  auto one = given(born(in_2_hours));
  one.at(in_2_hours + seconds{100'000});
  for (const char* name : {"", "expiring", "expiring:", "expiring:61", "expiring:060",
                           "expiring:60 ", "Expired", "abandoned", "tomorrow"})
    for (const auto due : {in_2_hours, in_2_hours - seconds{60}, in_2_hours - seconds{61}})
      one.when(firing(due, name)).changes_nothing();
}

BOOST_AUTO_TEST_CASE(an_upload_that_never_came_is_abandoned) {
  const auto end = t0 + seconds{86'400};
  const abandoned gone{"acme", "invoice"};
  const auto after = given(born()).at(end).when(firing(end, "abandoned")).then({gone});
  BOOST_TEST((std::get<ended>(after).how == status::abandoned));
  given(born(), stored).at(end).when(firing(end, "abandoned")).then({gone});
}

BOOST_AUTO_TEST_CASE(what_is_confirmed_or_has_an_expiry_is_not_abandoned) {
  const auto end = t0 + seconds{86'400};
  given(born(), stored, confirmed).at(end).when(firing(end, "abandoned")).changes_nothing();
  given(born(end + seconds{10'000})).at(end).when(firing(end, "abandoned")).changes_nothing();
}

BOOST_AUTO_TEST_CASE(timers_of_absent_and_ended_documents_change_nothing) {
  given().when(firing(t0, "expired")).changes_nothing();
  given(born(in_2_hours), removed{"acme", "invoice", false})
    .at(in_2_hours)
    .when(firing(in_2_hours, "expired"))
    .changes_nothing();
  given(born(in_2_hours), over(in_2_hours, false))
    .at(in_2_hours)
    .when(firing(in_2_hours, "expired"))
    .changes_nothing();
}

// What follows from a state.

BOOST_AUTO_TEST_CASE(each_phase_wishes_its_timers_in_order_of_due_time) {
  BOOST_TEST(timers_of(absent{}).empty());
  BOOST_TEST(
    (timers_of(folded({born()})) == std::vector<timer>{{t0 + seconds{86'400}, "abandoned"}}));
  const std::vector<timer> of_expiry{{in_2_hours - seconds{3600}, "expiring:3600"},
                                     {in_2_hours - seconds{60}, "expiring:60"},
                                     {in_2_hours, "expired"}};
  BOOST_TEST((timers_of(folded({born(in_2_hours)})) == of_expiry));
  BOOST_TEST((timers_of(folded({born(in_2_hours), stored, confirmed})) == of_expiry));
  BOOST_TEST(timers_of(folded({born(), stored, confirmed})).empty());
  BOOST_TEST(timers_of(folded({born(in_2_hours), removed{"acme", "invoice", false}})).empty());
}

BOOST_AUTO_TEST_CASE(each_phase_wishes_its_rows) {
  const projection listed = customer_listing{"acme", t0};
  const projection referring = content_reference{"acme", stored.sha256};
  using rows = std::vector<projection>;
  BOOST_TEST(projections_of(absent{}).empty());
  BOOST_TEST((projections_of(folded({born()})) == rows{listed}));
  BOOST_TEST((projections_of(folded({born(), stored})) == rows{listed, referring}));
  BOOST_TEST((projections_of(folded({born(), stored, confirmed})) == rows{listed, referring}));
  for (const event& end : {event(removed{"acme", "invoice", true}), event(over(t0, true)),
                           event(abandoned{"acme", "invoice"})})
    BOOST_TEST(projections_of(folded({born(), stored, end})).empty());
}

BOOST_AUTO_TEST_CASE(readers_see_declared_then_stored_then_no_content) {
  const auto declared = checked(view_of(folded({born_declaring(9, sha256_of("x"))}), 1));
  BOOST_TEST((declared.status == status::pending));
  BOOST_TEST(!declared.has_content);
  BOOST_TEST((declared.size_bytes == 9U && declared.sha256 == sha256_of("x")));
  const auto bare = checked(view_of(folded({born()}), 1));
  BOOST_TEST((!bare.size_bytes && !bare.sha256 && !bare.has_content));
  const auto holding = checked(view_of(folded({born(), stored}), 2));
  BOOST_TEST((holding.status == status::pending));
  BOOST_TEST(holding.has_content);
  BOOST_TEST((holding.size_bytes == 3U && holding.sha256 == stored.sha256));
  const auto fixed = checked(view_of(folded({born(), stored, confirmed}), 3));
  BOOST_TEST((fixed.status == status::uploaded));
  BOOST_TEST((fixed.has_content && fixed.size_bytes == 3U && fixed.sha256 == stored.sha256));
  BOOST_TEST(fixed.version == 3U);
  BOOST_TEST(!fixed.is_gone());
}

BOOST_AUTO_TEST_CASE(readers_of_what_has_ended_see_how_and_what_it_was) {
  const auto v
    = checked(view_of(folded({born(in_2_hours), stored, confirmed, over(in_2_hours, true)}), 4));
  BOOST_TEST((v.status == status::expired));
  BOOST_TEST(v.is_gone());
  BOOST_TEST((!v.has_content && !v.size_bytes && !v.sha256));
  BOOST_TEST((v.expiry == in_2_hours));
  BOOST_TEST(
    (view_of(folded({born(), removed{"acme", "invoice", false}}), 2).status == status::deleted));
  BOOST_TEST(
    (view_of(folded({born(), abandoned{"acme", "invoice"}}), 2).status == status::abandoned));
  BOOST_CHECK_THROW(view_of(absent{}, 0), broken_invariant);
}

BOOST_AUTO_TEST_CASE(every_event_moves_the_time_of_the_last_change) {
  state s;
  const std::vector<event> life{
    born(in_2_hours),      stored, confirmed, changed{{}, "c", {}}, announced(in_2_hours, 3600),
    over(in_2_hours, true)};
  std::uint64_t sequence = 0;
  for (const auto& e : life) {
    ++sequence;
    const auto at = t0 + seconds{static_cast<std::int64_t>(sequence)};
    evolve(s, e, {sequence, at});
    const auto v = view_of(s, sequence);
    BOOST_TEST((v.updated_at == at));
    BOOST_TEST((v.created_at == t0 + seconds{1}));
  }
}

BOOST_AUTO_TEST_CASE(events_that_cannot_happen_to_a_state_are_bugs) {
  const auto is_bug = [](const std::vector<event>& history) {
    BOOST_CHECK_THROW(folded(history), broken_invariant);
  };
  for (const event& e :
       {event(stored), event(confirmed), event(changed{}), event(announced(t0, 60)),
        event(over(t0, true)), event(abandoned{}), event(removed{})}) {
    is_bug({e});
    is_bug({born(), removed{}, e});
  }
  is_bug({born(), born()});
  is_bug({born(), stored, confirmed, stored});
  is_bug({born(), stored, confirmed, confirmed});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::document
