"""The decisions, pure: no store, no clock, no await, the standard library only.

    window         may we send this now, and what else can be done?
    deals          which deal does a message belong to?
    answering      who answers a client whose deal or lead has somebody?
    assignment     who takes a new lead?
    ladder         what happened to a lead's offers, and what comes next?
    conversations  does a conversation need an answer, by when, and which comes first?
    members        who is at work, and can they be told something?
    schedule       when is somebody at work?
    decision       the record of an answer; replay answers again from it
    codes          every code that a decision can hold
    times          how long is a minute?

Inputs are this room's own small frozen values, to be filled from rows; `now` is always an argument.
"""
