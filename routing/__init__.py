"""The decisions, pure: no store, no clock, no await, the standard library only.

    window         may we send this now, and what else can be done?
    scheduled      may an answer that was written for later still go?
    nature         is this a client, and what may the conversation cause?
    identity       which contact is it?
    imports        what does a row of an address book do to the contacts there are?
    deals          which deal does a message belong to?
    links          what does the payload of a link mean: a campaign, a deal?
    threads        which thread does a letter belong to?
    responsible    whose is a client whose responsible owns none of their deals?
    pipelines      may a deal go to this stage, and what happens when it arrives?
    recurrence     when does a task come again?
    rules          which queue gets a new lead?
    answering      who answers a client whose deal or lead has somebody?
    assignment     who takes a new lead?
    ladder         what happened to a lead's offers, and what comes next?
    supervision    is an answer late, and how far up must it be told?
    conversations  does a conversation need an answer, by when, and which comes first?
    calls          what became of a call, and what follows from it?
    call_backs     is a client owed a call back, and since when?
    ringing        whom does an incoming call ring?
    members        who is at work, and can they be told something?
    schedule       when is somebody at work?
    text           where may a long text be cut?
    decision       the record of an answer
    replay         would we decide the same today?
    codes          every code that a decision can hold
    times          how long is a minute?

Inputs are this room's own small frozen values, to be filled from rows; `now` is always an argument.
"""
