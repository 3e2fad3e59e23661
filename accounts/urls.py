"""Signing in and out, one's own account, the people who have one, and the systems that may send."""

from django.urls import path

from accounts import views
from accounts.views import (
    agencies,
    email_code,
    life,
    people,
    places,
    reviews,
    second_factor,
    signing_in,
    single_sign_on,
    welcome,
)
from accounts.views import service_accounts as services

app_name = "accounts"
urlpatterns = [
    path("sign-in/", signing_in.sign_in, name="sign_in"),
    path("sign-in/code/", signing_in.sign_in_code, name="sign_in_code"),
    path("sign-in/by-email/", email_code.sign_in_by_email, name="sign_in_by_email"),
    path("sign-in/by-email/code/", email_code.sign_in_email_code, name="sign_in_email_code"),
    path("sign-in/with/<slug:provider_id>/", single_sign_on.begin, name="single_sign_on"),
    path("sign-in/with/<slug:provider_id>/back/", single_sign_on.come_back, name="single_sign_on_back"),
    path("sign-out/at/<slug:provider_id>/", single_sign_on.sign_out_there, name="single_sign_on_end"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("second-step/", second_factor.second_factor, name="second_factor"),
    path("second-step/set-up/", second_factor.set_up, name="set_up_second_factor"),
    path("second-step/key.svg", second_factor.picture, name="second_factor_picture"),
    path("second-step/recovery-codes/", second_factor.recovery_codes, name="recovery_codes"),
    path("second-step/new-codes/", second_factor.new_codes, name="new_codes"),
    path("second-step/again/", second_factor.prove, name="prove"),
    path("places/", places.places, name="places"),
    path("places/<uuid:place_id>/end/", places.end_one, name="end_place"),
    path("places/end-others/", places.end_others, name="end_other_places"),
    path("still-here/", places.still_here, name="still_here"),
    path("timed-out/", places.time_out, name="time_out"),
    path("notices/<uuid:notice_id>/seen/", views.notice_seen, name="notice_seen"),
    path("people/", people.people, name="people"),
    path("people/invite/", life.invite, name="invite"),
    path("people/<int:person_id>/role/", life.give_role, name="give_role"),
    path("people/<int:person_id>/leave/", life.leave, name="close_account"),
    path("people/<int:person_id>/open-again/", life.lift, name="lift_suspension"),
    path("people/<int:person_id>/password-link/", life.password_link, name="send_password_link"),
    path("welcome/<str:mark>/", welcome.welcome, name="welcome"),
    path("agencies/", agencies.agencies, name="agencies"),
    path("agencies/<uuid:agency_id>/", agencies.email_domains, name="email_domains"),
    path("access/", reviews.access, name="access"),
    path("access/suspended/<int:person_id>/", reviews.open_again, name="open_again"),
    path("access/roles/<uuid:request_id>/", reviews.decide, name="decide_role"),
    path("access/reviews/<uuid:review_id>/", reviews.review, name="review"),
    path("people/<int:person_id>/", people.person, name="person"),
    path("people/<int:person_id>/reset-second-step/", people.reset_second_step, name="reset_second_factor"),
    path("acting-as/", views.switch_membership, name="switch_membership"),
    path("carry-on/<uuid:token>/", views.carry_on, name="carry_on"),
    path("service-accounts/", services.service_accounts, name="service_accounts"),
    path("service-accounts/add/", services.add_account, name="add_service_account"),
    path("service-accounts/<uuid:membership_id>/token/", services.another_token, name="give_token"),
    path("service-accounts/tokens/<uuid:token_id>/", services.service_token, name="service_token"),
    path("service-accounts/tokens/<uuid:token_id>/revoke/", services.end_token, name="revoke_token"),
]
