from tests.test_campaign_engine import *
from tests.test_campaign_time import TIPS
def test_dbg(house):
    for n in (1,2,3,4): house.mentee(f"+25078800030{n}")
    house.campaign(**{**TIPS, "per_week": 3})
    print(house.says("WEEKENDS", "+250788000302"))
    print(house.says("WEEKENDS", "+250788000303"))
    house.tick()
    for d in house.rows(Dose): print(d.person_id,d.slot,d.state,d.planned_at,d.reason)
    print([ (p.person_id,p.weekends) for p in house.rows(Preference)])
    for n in (1,2,3,4,5,6,7,8): 
        from bot.quizzes import calendar
        print(n, calendar._spread_days(frozenset(range(7)),3,f"1:{n}"))
    assert 0
