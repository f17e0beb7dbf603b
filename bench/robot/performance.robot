*** Settings ***
Documentation    What the board takes for its work, in its own time: the same on every machine, so a limit can be tight.
...
...              The time counts from the first byte on the wire to the last one of the answer. The plots of the
...              summary page are made of these and of all other operations of a run.

Library          bench.robot.BoardLibrary

Test Teardown    Conclude Test

Test Tags        layer:websocket    performance    needs:servers    fast


*** Test Cases ***
An Echo Takes Milliseconds, And More With Its Payload
    [Documentation]    Every form of length of a frame, up to the longest message the servers take. From 512 bytes on
    ...    the limit has room for one collection of garbage, which takes about 9 ms.
    [Setup]    Open WebSocket
    [Template]    Echo Should Take At Most
    0    5 ms
    1    5 ms
    64    5 ms
    125    5 ms
    126    7 ms
    256    7 ms
    512    19 ms
    1024    23 ms
    2048    32 ms
    4096    50 ms

Echo After Echo Takes The Same
    [Documentation]    Nothing is kept from message to message that would slow the next one down; any of them may meet
    ...    a collection of garbage.
    Open WebSocket
    FOR    ${_}    IN RANGE    100
        Echo Should Take At Most    64    15 ms
    END

An Echo Takes No Longer Over IPv6
    [Documentation]    Only the header of the packet is another one.
    Open WebSocket    ipv6=True
    FOR    ${length}    IN    1    125    1024
        Echo Should Take At Most    ${length}    13 ms
    END

A Client Is Not Slowed Down By Idle Ones
    [Documentation]    Four others are connected and silent.
    FOR    ${_}    IN RANGE    4
        Open WebSocket
    END
    Open WebSocket
    Echo Should Take At Most    64    6 ms
